import { httpActionGeneric, httpRouter, makeFunctionReference } from "convex/server";

const http = httpRouter();

http.route({
  path: "/count",
  method: "POST",
  handler: httpActionGeneric(async (ctx, request) => {
    const things = await ctx.runQuery(makeFunctionReference("things:list"), {});
    return new Response(`${things.length} ${await request.text()}`, { headers: { "x-count": String(things.length) } });
  }),
});

export default http;
