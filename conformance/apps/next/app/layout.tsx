import type { Metadata } from "next";
import type { ReactNode } from "react";
import { getToken } from "@/lib/auth-server";
import "../../shared/app.css";
import { ConvexClientProvider } from "./ConvexClientProvider";

export const metadata: Metadata = { title: "Next.js app", icons: "data:," };

export default async function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <ConvexClientProvider initialToken={await getToken()}>{children}</ConvexClientProvider>
      </body>
    </html>
  );
}
