import type { AuthConfig } from "convex/server";

export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "convex",
      issuer: process.env.AUTH_ISSUER!,
      jwks: process.env.AUTH_JWKS!,
      algorithm: "RS256",
    },
  ],
} satisfies AuthConfig;
