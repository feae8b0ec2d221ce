"use client";

import { authClient } from "@/lib/auth-client";
import { SignIn } from "../../../shared/SignIn";

export default function Page() {
  return <SignIn authClient={authClient} onDone={() => window.location.assign("/")} />;
}
