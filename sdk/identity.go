package sdk

// ProviderCredential is the provider of accounts that have a password.
const ProviderCredential = "credential"
