/** What the server tells the page: see Config in web/embed.go. */
export interface Config {
  endpoint: string;
}

export async function loadConfig(): Promise<Config> {
  const response = await fetch("/playground.json");
  if (!response.ok) throw new Error(`/playground.json answered ${response.status}`);
  return response.json();
}
