import { AuthBoundary } from "@convex-dev/better-auth/react";
import { useConvexAuth, useQuery } from "convex/react";
import { useState } from "react";
import { api } from "../../convex/_generated/api";
import { isAuthError } from "../../shared/isAuthError";
import { Messages } from "../../shared/Messages";
import { Security } from "../../shared/Security";
import { SignIn } from "../../shared/SignIn";
import { authClient, convexAuthClient } from "./lib/auth-client";

export function App() {
  const { isLoading, isAuthenticated } = useConvexAuth();
  const [signedOut, setSignedOut] = useState(false);
  // The client looks for a session again after a sign-out and after each step of a sign-in: the form stays meanwhile,
  // with what was typed.
  if (!isLoading && signedOut === isAuthenticated) setSignedOut(!isAuthenticated);
  if (signedOut) return <SignIn authClient={authClient} />;
  if (isLoading) return <p className="quiet">Loading…</p>;
  return (
    <AuthBoundary
      authClient={convexAuthClient}
      onUnauth={() => console.info("signed out")}
      getAuthUserFn={api.auth.getAuthUser}
      isAuthError={isAuthError}
    >
      <Dashboard />
    </AuthBoundary>
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
