import { convexQuery } from "@convex-dev/react-query";
import { useSuspenseQuery } from "@tanstack/react-query";
import { createFileRoute, redirect } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import { api } from "../../../convex/_generated/api";
import { Messages } from "../../../shared/Messages";
import { Security } from "../../../shared/Security";
import { authClient } from "../lib/auth-client";
import { fetchAuthMutation, fetchAuthQuery } from "../lib/auth-server";

/** Posts as the user, from the server. */
const welcome = createServerFn({ method: "POST" }).handler(async () => {
  await fetchAuthMutation(api.messages.send, { body: "greetings from the server" });
});

const countMessages = createServerFn({ method: "GET" }).handler(
  async () => (await fetchAuthQuery(api.messages.list, {})).length,
);

export const Route = createFileRoute("/")({
  beforeLoad: ({ context }) => {
    if (!context.isAuthenticated) throw redirect({ to: "/sign-in" });
  },
  loader: async ({ context }) => {
    const user = await context.queryClient.ensureQueryData(convexQuery(api.auth.getCurrentUser, {}));
    return { user, count: await countMessages() };
  },
  component: Dashboard,
});

function Dashboard() {
  const { data } = useSuspenseQuery(convexQuery(api.auth.getCurrentUser, {}));
  const { user: loaded, count } = Route.useLoaderData();
  const user = data ?? loaded; // When the client has found the session, it presents a new token; between the two is nobody.
  const signOut = () => authClient.signOut({ fetchOptions: { onSuccess: () => location.reload() } });
  return (
    <div className="page">
      <header>
        <h1 data-testid="greeting">Hello {user?.name}</h1>
        <button onClick={signOut}>Sign out</button>
      </header>
      <p className="quiet">
        There were <span data-testid="count">{count}</span> messages when this page was made.{" "}
        <button className="link" onClick={() => welcome()}>
          Send a greeting from the server
        </button>
      </p>
      <Messages />
      <Security authClient={authClient} />
    </div>
  );
}
