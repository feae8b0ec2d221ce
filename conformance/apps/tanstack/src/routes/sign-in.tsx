import { createFileRoute } from "@tanstack/react-router";
import { SignIn } from "../../../shared/SignIn";
import { authClient } from "../lib/auth-client";

export const Route = createFileRoute("/sign-in")({
  component: () => <SignIn authClient={authClient} onDone={() => location.assign("/")} />,
});
