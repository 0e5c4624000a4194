import { Ranked } from "./ranked.js";

export default function Page() {
  return <Ranked />;
}
