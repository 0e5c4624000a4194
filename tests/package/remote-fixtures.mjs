// @ts-check
// What cases and contract server agree on; free of Node, since cases also run in pages and workerd.

export const DMXAPI_KEY = "sk-0f9e8d7c6b5a41302f1e";
export const ACCESS_TOKEN = "24.0f1e2d3c4b5a/69+78=87.2592000.1800000000.282335-1";
export const BEARER_KEY = "bce-v3/ALTAK-q8Zx2/0a1b2c3d4e5f6789";
export const APP_KEYS = { apiKey: "app-Kx81Qm4Wz", secretKey: "sec-7/uB+2=pLq9" };
export const ACCESS_KEYS = { accessKeyId: "ALTAKtest0f1e2d3c", secretAccessKey: "3c2d1e0f9a8b7c6d5e4f" };
export const SESSION_TOKEN = "session.0a9b8c7d/+=";

/** DMXAPI's documented example, as is. */
export const DOCUMENTS = [
  "预防感冒应勤洗手、戴口罩,保持室内通风(来源:协和医院研究)",
  "流感疫苗每年10月接种最佳,可降低70%感染风险(来源:卫健委2024指南)",
  "维生素C对感冒的预防效果存在争议(来源:JAMA医学期刊)",
];

/** A base address whose requests are answered by `names`, one each. @param {{ baseUrl: string }} context @param {string} names */
export function plan({ baseUrl }, names) {
  const id = Math.random().toString(36).slice(2);
  return { id, baseUrl: `${baseUrl}/plan/${id}/${names}` };
}

/** What the requests of a plan carried. @param {{ baseUrl: string }} context @param {string} id @returns {Promise<any[]>} */
export async function seen({ baseUrl }, id) {
  return (await fetch(`${baseUrl}/seen/${id}`)).json();
}
