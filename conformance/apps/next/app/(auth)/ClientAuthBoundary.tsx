"use client";

import { AuthBoundary } from "@convex-dev/better-auth/react";
import { useRouter } from "next/navigation";
import type { PropsWithChildren } from "react";
import { convexAuthClient } from "@/lib/auth-client";
import { api } from "../../../convex/_generated/api";
import { isAuthError } from "../../../shared/isAuthError";

export function ClientAuthBoundary({ children }: PropsWithChildren) {
  const router = useRouter();
  return (
    <AuthBoundary
      authClient={convexAuthClient}
      onUnauth={() => router.replace("/sign-in")}
      getAuthUserFn={api.auth.getAuthUser}
      isAuthError={isAuthError}
    >
      {children}
    </AuthBoundary>
  );
}
