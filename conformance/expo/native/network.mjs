// expo-network: the phone is on line.
export const addNetworkStateListener = () => ({ remove: () => {} });
