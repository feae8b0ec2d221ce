// expo-constants: what the app's app.json says.
export default { expoConfig: { scheme: "myapp" } };
