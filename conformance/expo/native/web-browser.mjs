// expo-web-browser: the browser that the system opens for an app. `setBrowser` says what goes through the pages.
let open = () => {
  throw new Error("the app opened a browser");
};

export const setBrowser = (visit) => (open = visit);

/** Opens a URL and waits until the browser is sent to one that begins with `redirect`. */
export const openAuthSessionAsync = async (url, redirect) => {
  const end = await open(url, redirect);
  return end ? { type: "success", url: end } : { type: "cancel" };
};
