// @ts-check
// A cell in a page: its address says which, its body gets the outcome.

import { cell } from "./cell.mjs";

const { entry, baseUrl, apiKey, models } = Object.fromEntries(new URL(location.href).searchParams);
document.body.textContent = JSON.stringify(await cell(entry, { baseUrl, apiKey, models }));
