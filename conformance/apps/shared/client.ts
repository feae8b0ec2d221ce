// The type of the auth client that these components work with: each app makes its own, with the same plugins.
import type { convexClient } from "@convex-dev/better-auth/client/plugins";
import type { twoFactorClient } from "better-auth/client/plugins";
import type { createAuthClient } from "better-auth/react";

type Plugins = [ReturnType<typeof convexClient>, ReturnType<typeof twoFactorClient>];
export type AppAuthClient = ReturnType<typeof createAuthClient<{ plugins: Plugins }>>;
