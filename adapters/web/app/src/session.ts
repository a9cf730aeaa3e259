// Who sits here. Kept in the tab alone: closing it forgets token and agent.

const TOKEN = "hotline.token";
const AGENT = "hotline.agent";

export interface Session {
  token: string;
  agent: string;
}

export function kept(): Session | null {
  const token = sessionStorage.getItem(TOKEN);
  const agent = sessionStorage.getItem(AGENT);
  return token && agent ? { token, agent } : null;
}

export function keep(session: Session): void {
  sessionStorage.setItem(TOKEN, session.token);
  sessionStorage.setItem(AGENT, session.agent);
}

export function forget(): void {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(AGENT);
}
