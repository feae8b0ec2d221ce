"use client";

import { useState, type FormEvent } from "react";
import type { AppAuthClient } from "./client";

/** The second factor, and the end of one's other sessions. */
export function Security({ authClient }: { authClient: AppAuthClient }) {
  const { data: session } = authClient.useSession();
  const [setup, setSetup] = useState<{ totpURI: string; backupCodes: string[] }>();
  const [notice, setNotice] = useState("");
  const enabled = session?.user.twoFactorEnabled;

  async function enable(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const { data, error } = await authClient.twoFactor.enable({ password: String(form.get("password")) });
    setNotice(error?.message ?? "");
    if (data) setSetup(data);
  }

  async function verify(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const { error } = await authClient.twoFactor.verifyTotp({ code: String(form.get("code")) });
    setNotice(error?.message ?? "");
    if (!error) setSetup(undefined);
  }

  async function endOthers() {
    const { error } = await authClient.revokeOtherSessions();
    setNotice(error?.message ?? "Your other sessions have ended.");
  }

  return (
    <section className="card" data-testid="security">
      <h2>Security</h2>
      {enabled && <p>Your second factor is on.</p>}
      {!enabled && !setup && (
        <form className="row" onSubmit={enable}>
          <input type="password" name="password" aria-label="Your password" placeholder="Your password" required />
          <button type="submit">Set up a second factor</button>
        </form>
      )}
      {setup && (
        <form onSubmit={verify}>
          <p>
            Add this to your authenticator app: <code data-testid="totp-uri">{setup.totpURI}</code>
          </p>
          <p>
            Backup codes: <code>{setup.backupCodes.join(" ")}</code>
          </p>
          <div className="row">
            <input name="code" aria-label="Code" placeholder="Code" autoComplete="one-time-code" required />
            <button type="submit">Turn on</button>
          </div>
        </form>
      )}
      {notice && <p role="status">{notice}</p>}
      <button className="link" onClick={endOthers}>
        Sign out everywhere else
      </button>
    </section>
  );
}
