// The official clients, by version and framework.
import { convexClient } from "@convex-dev/better-auth/client/plugins";
import * as vanilla16 from "better-auth/client";
import * as react16 from "better-auth/react";
import * as vanilla17 from "better-auth-17/client";
import * as react17 from "better-auth-17/react";

/** The plugins that an application with a Convex backend gives to its client. */
export const plugins = () => [convexClient()];

/** @type {{version: string, framework: string, createAuthClient: Function}[]} */
export const CLIENTS = [
  { version: "1.6.34", framework: "vanilla", createAuthClient: vanilla16.createAuthClient },
  { version: "1.6.34", framework: "react", createAuthClient: react16.createAuthClient },
  { version: "1.7.7", framework: "vanilla", createAuthClient: vanilla17.createAuthClient },
  { version: "1.7.7", framework: "react", createAuthClient: react17.createAuthClient },
];
