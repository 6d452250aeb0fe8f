import { useState } from "react";

const storageKey = "dealflow:token";

/**
 * Takes the token out of the page's address, where `dealflow serve` prints it: /#token=…
 * A browser sends what follows the # to nobody, and its history shall not keep it.
 * Tells whether there was one.
 */
export function takeTokenFromAddress(): boolean {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return false;
  sessionStorage.setItem(storageKey, token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

/** The token of this browser tab: sessionStorage forgets it when the tab closes. */
export function useToken() {
  const [token, setToken] = useState(() => sessionStorage.getItem(storageKey) ?? "");
  function store(token: string) {
    sessionStorage.setItem(storageKey, token);
    setToken(token);
  }
  return [token, store] as const;
}

interface TokenFieldProps {
  token: string;
  onChange(token: string): void;
}

/** Reports a token once it is whole, on Enter or on leaving the field, not at every key. */
export function TokenField({ token, onChange }: TokenFieldProps) {
  const [draft, setDraft] = useState(token);

  function commit() {
    const whole = draft.trim().replace(/^Bearer\s+/i, "");
    setDraft(whole);
    if (whole !== token) onChange(whole);
  }

  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        commit();
      }}
    >
      <label htmlFor="token">Token</label>
      <input
        id="token"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
        placeholder="Paste a token, as “dealflow token” prints one"
        autoComplete="off"
        spellCheck={false}
      />
    </form>
  );
}
