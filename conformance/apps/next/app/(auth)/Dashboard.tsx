"use client";

import { usePreloadedAuthQuery } from "@convex-dev/better-auth/nextjs/client";
import type { Preloaded } from "convex/react";
import { useState } from "react";
import { authClient } from "@/lib/auth-client";
import type { api } from "../../../convex/_generated/api";
import { Messages } from "../../../shared/Messages";
import { Security } from "../../../shared/Security";
import { welcome } from "./actions";

export function Dashboard(props: { preloadedUser: Preloaded<typeof api.auth.getCurrentUser>; count: number }) {
  const current = usePreloadedAuthQuery(props.preloadedUser);
  const [loaded] = useState(current);
  const user = current ?? loaded; // When the client has found the session, it presents a new token; between the two is nobody.
  const signOut = () => authClient.signOut({ fetchOptions: { onSuccess: () => window.location.assign("/sign-in") } });
  return (
    <div className="page">
      <header>
        <h1 data-testid="greeting">Hello {user?.name}</h1>
        <button onClick={signOut}>Sign out</button>
      </header>
      <p className="quiet">
        There were <span data-testid="count">{props.count}</span> messages when this page was made.{" "}
        <button className="link" onClick={() => welcome()}>
          Send a greeting from the server
        </button>
      </p>
      <Messages />
      <Security authClient={authClient} />
    </div>
  );
}
