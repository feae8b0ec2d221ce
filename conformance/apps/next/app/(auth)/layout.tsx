import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { isAuthenticated } from "@/lib/auth-server";
import { ClientAuthBoundary } from "./ClientAuthBoundary";

export default async function Layout({ children }: { children: ReactNode }) {
  if (!(await isAuthenticated())) redirect("/sign-in");
  return <ClientAuthBoundary>{children}</ClientAuthBoundary>;
}
