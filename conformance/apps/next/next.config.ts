import path from "node:path";
import type { NextConfig } from "next";

export default {
  turbopack: { root: path.join(__dirname, "..") }, // The components that the apps share are beside this folder.
} satisfies NextConfig;
