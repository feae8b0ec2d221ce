import { AuthBoundary } from "@convex-dev/better-auth/react";
import { Authenticated, AuthLoading, Unauthenticated, useQuery } from "convex/react";
import { useState } from "react";
import { api } from "../../convex/_generated/api";
import { isAuthError } from "../../shared/isAuthError";
import { Messages } from "../../shared/Messages";
import { Security } from "../../shared/Security";
import { SignIn, type Step } from "../../shared/SignIn";
import { authClient, convexAuthClient } from "./lib/auth-client";

export function App() {
  const steps = useState<Step>("sign-in");
  return (
    <>
      <AuthLoading>
        <p className="quiet">Loading…</p>
      </AuthLoading>
      <Unauthenticated>
        <SignIn authClient={authClient} steps={steps} />
      </Unauthenticated>
      <Authenticated>
        <AuthBoundary
          authClient={convexAuthClient}
          onUnauth={() => console.info("signed out")}
          getAuthUserFn={api.auth.getAuthUser}
          isAuthError={isAuthError}
        >
          <Dashboard />
        </AuthBoundary>
      </Authenticated>
    </>
  );
}

function Dashboard() {
  const user = useQuery(api.auth.getCurrentUser);
  return (
    <div className="page">
      <header>
        <h1 data-testid="greeting">Hello {user?.name}</h1>
        <button onClick={() => authClient.signOut()}>Sign out</button>
      </header>
      <Messages />
      <Security authClient={authClient} />
    </div>
  );
}
