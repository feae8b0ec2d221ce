// The functions that profiles.json describes in words.

const OUTBOX = /^outbox: subject=([^,]+), to=([\w.]+)(?: \([^)]*\))?(.*)$/;

/** Callbacks that send no mail, by the beginning of what is said of them. */
const OTHERS = {
  "id-token check:": () => async (token) => token.split(".").length === 3,
  "dynamic trusted origins:": () => (request) => [
    "https://dynamic.example.com",
    ...(request?.headers.get("x-extra-origin") === "1" ? ["https://header.example.com"] : []),
  ],
  "payload {role:'member'": () => ({ user }) => ({ role: "member", email: user.email }),
  "payload {name:user.name": () => ({ user }) => ({ name: user.name, plan: "pro" }),
  "database hook, before user create:": () => async (user) =>
    user.email.startsWith("admin") ? { data: { ...user, role: "admin" } } : { data: user },
  "valid iff client_id": () => (id) => id === "cli-app",
  "temporary e-mail": () => (number) => `${number.replace(/\D/g, "")}@phone.example.com`,
  "temporary name": () => (number) => number,
};

/** A function that appends a mail to the outbox, with the members that the text names. */
function mail(text, outbox) {
  const [, subject, to, members] = OUTBOX.exec(text) ?? [];
  if (!subject) throw new Error(`callback ${text} is not known`);
  const carried = (name, data, member = name) => (members.includes(name) ? (data[member] ?? null) : null);
  return async (data) => {
    outbox.push({
      to: to.split(".").reduce((value, name) => value[name], data),
      subject: subject.replace("<type>", data.type),
      url: carried("url", data),
      token: carried("token", data, members.includes("token=invitation id") ? "id" : "token"),
      otp: carried("otp", data, members.includes("otp=code") ? "code" : "otp"),
    });
  };
}

/** Replaces {"$callback": "…"} by functions; those of mails append to the outbox. */
export function callbacks(value, outbox) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => callbacks(item, outbox));
  const text = value.$callback;
  if (!text) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, callbacks(item, outbox)]));
  const other = Object.keys(OTHERS).find((beginning) => text.startsWith(beginning));
  return other ? OTHERS[other]() : mail(text, outbox);
}
