// expo-linking: an app's own URLs.
export const createURL = (path, { scheme = "myapp" } = {}) => `${scheme}://${path.replace(/^\//, "")}`;
