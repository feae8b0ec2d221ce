"use server";

import { fetchAuthMutation } from "@/lib/auth-server";
import { api } from "../../../convex/_generated/api";

/** Posts as the user, from the server. */
export async function welcome() {
  await fetchAuthMutation(api.messages.send, { body: "greetings from the server" });
}
