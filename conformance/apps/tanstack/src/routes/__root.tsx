import { ConvexBetterAuthProvider } from "@convex-dev/better-auth/react";
import type { ConvexQueryClient } from "@convex-dev/react-query";
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, HeadContent, Outlet, Scripts, useRouteContext } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import appCss from "../../../shared/app.css?url";
import { convexAuthClient } from "../lib/auth-client";
import { getToken } from "../lib/auth-server";

const getAuth = createServerFn({ method: "GET" }).handler(async () => (await getToken()) ?? null);

export const Route = createRootRouteWithContext<{ queryClient: QueryClient; convexQueryClient: ConvexQueryClient }>()({
  head: () => ({
    meta: [
      { charSet: "utf-8" },
      { name: "viewport", content: "width=device-width, initial-scale=1" },
      { title: "TanStack Start app" },
    ],
    links: [
      { rel: "stylesheet", href: appCss },
      { rel: "icon", href: "data:," },
    ],
  }),
  beforeLoad: async ({ context }) => {
    const token = await getAuth();
    if (token) context.convexQueryClient.serverHttpClient?.setAuth(token);
    return { isAuthenticated: !!token, token };
  },
  component: Root,
});

function Root() {
  const { convexQueryClient, token } = useRouteContext({ from: Route.id });
  return (
    <ConvexBetterAuthProvider
      client={convexQueryClient.convexClient}
      authClient={convexAuthClient}
      initialToken={token}
    >
      <html lang="en">
        <head>
          <HeadContent />
        </head>
        <body>
          <Outlet />
          <Scripts />
        </body>
      </html>
    </ConvexBetterAuthProvider>
  );
}
