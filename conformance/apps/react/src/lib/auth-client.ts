import { convexClient, crossDomainClient } from "@convex-dev/better-auth/client/plugins";
import type { AuthClient } from "@convex-dev/better-auth/react";
import { twoFactorClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";

export const authClient = createAuthClient({
  baseURL: import.meta.env.VITE_CONVEX_SITE_URL,
  plugins: [convexClient(), crossDomainClient(), twoFactorClient()],
});

// The declared types of the two packages differ in a detail, which is no matter when they run.
export const convexAuthClient = authClient as unknown as AuthClient;
