export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "convex",
      issuer: process.env.ISSUER,
      jwks: process.env.JWKS,
      algorithm: "RS256",
    },
  ],
};
