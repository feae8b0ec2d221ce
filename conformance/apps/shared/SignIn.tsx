"use client";

import { useState, type FormEvent } from "react";
import type { AppAuthClient } from "./client";

type Step = "sign-in" | "sign-up" | "two-factor";
type Props = { authClient: AppAuthClient; onDone?: () => void };

/** Sign-in and sign-up. A user with a second factor is asked for it before `onDone` is called. */
export function SignIn({ authClient, onDone }: Props) {
  const [step, setStep] = useState<Step>("sign-in");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const field = (name: string) => String(new FormData(event.currentTarget).get(name) ?? "");
    setBusy(true);
    setError("");
    const { data, error } = await send(field);
    setBusy(false);
    if (error) setError(error.message ?? error.statusText);
    else if (data && "twoFactorRedirect" in data && data.twoFactorRedirect) setStep("two-factor");
    else {
      setStep("sign-in");
      onDone?.();
    }
  }

  function send(field: (name: string) => string) {
    if (step === "two-factor") {
      return authClient.twoFactor.verifyTotp({ code: field("code"), trustDevice: field("trust") === "on" });
    }
    const credentials = { email: field("email"), password: field("password") };
    return step === "sign-up"
      ? authClient.signUp.email({ ...credentials, name: field("name") })
      : authClient.signIn.email(credentials);
  }

  const titles = { "sign-in": "Sign in", "sign-up": "Create an account", "two-factor": "Enter your code" };
  const other = step === "sign-in" ? "sign-up" : "sign-in";
  return (
    <main className="card narrow" data-testid="sign-in">
      <h1>{titles[step]}</h1>
      <form onSubmit={submit}>
        {step === "sign-up" && <Field name="name" label="Name" autoComplete="name" />}
        {step !== "two-factor" && (
          <>
            <Field name="email" label="E-mail" type="email" autoComplete="email" />
            <Field name="password" label="Password" type="password" autoComplete="current-password" />
          </>
        )}
        {step === "two-factor" && (
          <>
            <Field name="code" label="Code of your authenticator app" autoComplete="one-time-code" />
            <label className="check">
              <input type="checkbox" name="trust" /> Trust this device
            </label>
          </>
        )}
        {error && <p role="alert">{error}</p>}
        <button type="submit" disabled={busy}>
          {step === "two-factor" ? "Confirm" : titles[step]}
        </button>
      </form>
      {step !== "two-factor" && (
        <>
          <button className="plain" onClick={() => authClient.signIn.social({ provider: "corp", callbackURL: "/" })}>
            Continue with Corp
          </button>
          <button className="link" onClick={() => setStep(other)}>
            {step === "sign-in" ? "No account yet? Sign up" : "Have an account? Sign in"}
          </button>
        </>
      )}
    </main>
  );
}

function Field({ label, ...input }: { label: string; name: string; type?: string; autoComplete: string }) {
  return (
    <label>
      {label}
      <input required {...input} />
    </label>
  );
}
