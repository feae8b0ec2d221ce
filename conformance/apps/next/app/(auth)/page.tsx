import { fetchAuthQuery, preloadAuthQuery } from "@/lib/auth-server";
import { api } from "../../../convex/_generated/api";
import { Dashboard } from "./Dashboard";

export default async function Page() {
  const [preloadedUser, messages] = await Promise.all([
    preloadAuthQuery(api.auth.getCurrentUser),
    fetchAuthQuery(api.messages.list),
  ]);
  return <Dashboard preloadedUser={preloadedUser} count={messages.length} />;
}
