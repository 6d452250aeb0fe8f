import { useState } from "react";

const storageKey = "dealflow:token";

/** The token of this browser tab: sessionStorage forgets it when the tab closes. */
export function useToken(initial: string) {
  const [token, setToken] = useState(() => sessionStorage.getItem(storageKey) ?? initial);
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
