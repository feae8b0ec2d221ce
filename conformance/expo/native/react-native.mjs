// react-native: which phone it is.
export const Platform = { OS: "ios" };
export const AppState = { addEventListener: () => ({ remove: () => {} }) };
