package main

// preset is what is known of a provider. URLs may have settings of the
// provider in braces, with a default: "https://{issuer|gitlab.com}".
type preset struct {
	id                               string // of a preset; "" for a provider that only the configuration describes
	discovery                        string // OpenID Connect Discovery document, instead of what follows
	authorize, token, userInfo, jwks string
	issuer                           string // of id tokens; several with spaces between
	scope                            string // that are asked for by default, with spaces between
	separator                        string // between scopes; default a space
	params                           string // further parameters of the authorization URL: a=b&c=d
	fragment                         string // of the authorization URL
	prompt                           string // defaults of the settings
	responseType, responseMode       string // likewise
	clientName, secretName           string // parameters, where they are not client_id and client_secret
	accessTypeName                   string // likewise
	requestFirst                     bool   // scopes of the request go before those of the settings
	noPKCE                           bool
	omitScope                        bool // no scope parameter if there is nothing to ask for
	basic                            bool // the client authenticates in the Authorization header
	loginHint                        bool // the provider takes a login hint
	fromIDToken                      bool // the profile is the id token's claims
	noRefresh                        bool
	helper                           bool   // Better Auth 1.6 has it as a helper of generic OAuth
	placeholder                      string // domain of addresses for users whose profile has none
	profilePaths
}

// profilePaths are where a profile has what a user has here: paths with dots,
// alternatives with | between.
type profilePaths struct{ sub, name, email, image, verified string }

var openIDProfile = profilePaths{"sub|id", "name", "email", "picture", "email_verified"}

// presets are the providers that Better Auth ships, its helpers for generic
// OAuth included.
var presets = map[string]preset{
	"apple": {
		id: "apple", authorize: "https://appleid.apple.com/auth/authorize", token: "https://appleid.apple.com/auth/token",
		jwks: "https://appleid.apple.com/auth/keys", issuer: "https://appleid.apple.com", scope: "email name", fromIDToken: true,
		responseType: "code id_token", responseMode: "form_post",
		profilePaths: profilePaths{"sub", "name", "email", "", "email_verified"},
	},
	"atlassian": {
		id: "atlassian", authorize: "https://auth.atlassian.com/authorize", token: "https://auth.atlassian.com/oauth/token", userInfo: "https://api.atlassian.com/me",
		scope: "read:jira-user offline_access", params: "audience=api.atlassian.com", profilePaths: profilePaths{"account_id", "name", "email", "picture", ""},
	},
	"auth0": {id: "auth0", helper: true, discovery: "https://{domain}/.well-known/openid-configuration", scope: "openid profile email", profilePaths: openIDProfile},
	"cloudflare": {
		id: "cloudflare", authorize: "https://dash.cloudflare.com/oauth2/auth", token: "https://dash.cloudflare.com/oauth2/token", userInfo: "https://api.cloudflare.com/client/v4/user",
		scope: "user-details.read", basic: true, profilePaths: profilePaths{"result.id", "result.first_name|result.email", "result.email", "", ""},
	},
	"cognito": {
		id: "cognito", authorize: "https://{domain}/oauth2/authorize", token: "https://{domain}/oauth2/token", userInfo: "https://{domain}/oauth2/userinfo",
		jwks: "https://cognito-idp.{region}.amazonaws.com/{userPoolId}/.well-known/jwks.json", issuer: "https://cognito-idp.{region}.amazonaws.com/{userPoolId}",
		scope: "openid profile email", fromIDToken: true, profilePaths: profilePaths{"sub", "name|given_name|username", "email", "picture", "email_verified"},
	},
	"discord": {
		id: "discord", authorize: "https://discord.com/api/oauth2/authorize", token: "https://discord.com/api/oauth2/token", userInfo: "https://discord.com/api/users/@me",
		scope: "identify email", prompt: "none", requestFirst: true, noPKCE: true, profilePaths: profilePaths{"id", "global_name|username", "email", "image_url", "verified"},
	},
	"dropbox": {
		id: "dropbox", authorize: "https://www.dropbox.com/oauth2/authorize", token: "https://api.dropboxapi.com/oauth2/token", userInfo: "https://api.dropboxapi.com/2/users/get_current_account",
		scope: "account_info.read", accessTypeName: "token_access_type", profilePaths: profilePaths{"account_id", "name.display_name", "email", "profile_photo_url", "email_verified"},
	},
	"facebook": {
		id: "facebook", authorize: "https://www.facebook.com/v24.0/dialog/oauth", token: "https://graph.facebook.com/v24.0/oauth/access_token",
		userInfo: "https://graph.facebook.com/me?fields=id,name,email,picture", jwks: "https://limited.facebook.com/.well-known/oauth/openid/jwks/", issuer: "https://www.facebook.com",
		scope: "email public_profile", noPKCE: true, loginHint: true, profilePaths: profilePaths{"id|sub", "name", "email", "picture.data.url|picture", "email_verified"},
	},
	"figma": {
		id: "figma", authorize: "https://www.figma.com/oauth", token: "https://api.figma.com/v1/oauth/token", userInfo: "https://api.figma.com/v1/me",
		scope: "current_user:read", basic: true, profilePaths: profilePaths{"id", "handle", "email", "img_url", ""},
	},
	"github": {
		id: "github", authorize: "https://github.com/login/oauth/authorize", token: "https://github.com/login/oauth/access_token", userInfo: "https://api.github.com/user",
		scope: "read:user user:email", loginHint: true, profilePaths: profilePaths{"id", "name|login", "email", "avatar_url", "email_verified"},
	},
	"gitlab": {
		id: "gitlab", authorize: "https://{issuer|gitlab.com}/oauth/authorize", token: "https://{issuer|gitlab.com}/oauth/token", userInfo: "https://{issuer|gitlab.com}/api/v4/user",
		scope: "read_user", loginHint: true, profilePaths: profilePaths{"id", "name|username", "email", "avatar_url", "email_verified"},
	},
	"google": {
		id: "google", authorize: "https://accounts.google.com/o/oauth2/v2/auth", token: "https://oauth2.googleapis.com/token", jwks: "https://www.googleapis.com/oauth2/v3/certs",
		issuer: "https://accounts.google.com accounts.google.com", scope: "email profile openid", params: "include_granted_scopes=true", loginHint: true, fromIDToken: true, profilePaths: openIDProfile,
	},
	"gumroad": {
		id: "gumroad", helper: true, authorize: "https://gumroad.com/oauth/authorize", token: "https://api.gumroad.com/oauth/token", userInfo: "https://api.gumroad.com/v2/user",
		scope: "view_profile", profilePaths: profilePaths{"user.user_id", "user.name", "user.email", "user.profile_url", ""},
	},
	"hubspot": {
		id: "hubspot", helper: true, authorize: "https://app.hubspot.com/oauth/authorize", token: "https://api.hubapi.com/oauth/v1/token", userInfo: "https://api.hubapi.com/oauth/v1/access-tokens/",
		scope: "oauth", profilePaths: profilePaths{"user_id|signed_access_token.userId", "user", "user", "", ""},
	},
	"huggingface": {
		id: "huggingface", authorize: "https://huggingface.co/oauth/authorize", token: "https://huggingface.co/oauth/token", userInfo: "https://huggingface.co/oauth/userinfo",
		scope: "openid profile email", profilePaths: profilePaths{"sub", "name|preferred_username", "email", "picture", "email_verified"},
	},
	"kakao": {
		id: "kakao", authorize: "https://kauth.kakao.com/oauth/authorize", token: "https://kauth.kakao.com/oauth/token", userInfo: "https://kapi.kakao.com/v2/user/me",
		scope: "account_email profile_image profile_nickname", noPKCE: true,
		profilePaths: profilePaths{"id", "kakao_account.profile.nickname|kakao_account.name", "kakao_account.email", "kakao_account.profile.profile_image_url|kakao_account.profile.thumbnail_image_url", "kakao_account.is_email_verified"},
	},
	"keycloak": {id: "keycloak", helper: true, discovery: "https://{issuer}/.well-known/openid-configuration", scope: "openid profile email", profilePaths: openIDProfile},
	"kick": {
		id: "kick", authorize: "https://id.kick.com/oauth/authorize", token: "https://id.kick.com/oauth/token", userInfo: "https://api.kick.com/public/v1/users",
		scope: "user:read", profilePaths: profilePaths{"data.0.user_id", "data.0.name", "data.0.email", "data.0.profile_picture", ""},
	},
	"line": {
		id: "line", authorize: "https://access.line.me/oauth2/v2.1/authorize", token: "https://api.line.me/oauth2/v2.1/token", userInfo: "https://api.line.me/oauth2/v2.1/verify",
		scope: "openid profile email", loginHint: true, profilePaths: profilePaths{"sub", "name", "email", "picture", ""},
	},
	"linear": {
		id: "linear", authorize: "https://linear.app/oauth/authorize", token: "https://api.linear.app/oauth/token", userInfo: "https://api.linear.app/graphql",
		scope: "read", noPKCE: true, loginHint: true, profilePaths: profilePaths{"data.viewer.id", "data.viewer.name", "data.viewer.email", "data.viewer.avatarUrl", ""},
	},
	"linkedin": {
		id: "linkedin", authorize: "https://www.linkedin.com/oauth/v2/authorization", token: "https://www.linkedin.com/oauth/v2/accessToken", userInfo: "https://api.linkedin.com/v2/userinfo",
		scope: "profile email openid", noPKCE: true, loginHint: true, profilePaths: openIDProfile,
	},
	"microsoft": {
		id: "microsoft", authorize: "https://{authority|login.microsoftonline.com}/{tenantId|common}/oauth2/v2.0/authorize", token: "https://{authority|login.microsoftonline.com}/{tenantId|common}/oauth2/v2.0/token",
		jwks:   "https://{authority|login.microsoftonline.com}/{tenantId|common}/discovery/v2.0/keys",
		issuer: "https://{authority|login.microsoftonline.com}/{tenantId|common}/v2.0", scope: "openid profile email User.Read offline_access", loginHint: true, fromIDToken: true,
		profilePaths: profilePaths{"sub", "name", "email", "picture", "email_verified|xms_edov"},
	},
	"naver": {
		id: "naver", authorize: "https://nid.naver.com/oauth2.0/authorize", token: "https://nid.naver.com/oauth2.0/token", userInfo: "https://openapi.naver.com/v1/nid/me",
		scope: "profile email", noPKCE: true, profilePaths: profilePaths{"response.id", "response.name|response.nickname", "response.email", "response.profile_image", ""},
	},
	"notion": {
		id: "notion", authorize: "https://api.notion.com/v1/oauth/authorize", token: "https://api.notion.com/v1/oauth/token", userInfo: "https://api.notion.com/v1/users/me",
		params: "owner=user", noPKCE: true, basic: true, loginHint: true, profilePaths: profilePaths{"bot.owner.user.id", "bot.owner.user.name", "bot.owner.user.person.email", "bot.owner.user.avatar_url", ""},
	},
	"okta": {id: "okta", helper: true, discovery: "https://{issuer}/.well-known/openid-configuration", scope: "openid profile email", profilePaths: openIDProfile},
	"patreon": {
		id: "patreon", helper: true, authorize: "https://www.patreon.com/oauth2/authorize", token: "https://www.patreon.com/api/oauth2/token",
		userInfo: "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=email,full_name,image_url,is_email_verified",
		scope:    "identity[email]", profilePaths: profilePaths{"data.id", "data.attributes.full_name", "data.attributes.email", "data.attributes.image_url", "data.attributes.is_email_verified"},
	},
	"paybin": {
		id: "paybin", discovery: "https://{issuer|idp.paybin.io}/.well-known/openid-configuration", authorize: "https://{issuer|idp.paybin.io}/oauth2/authorize", token: "https://{issuer|idp.paybin.io}/oauth2/token",
		scope: "openid email profile", loginHint: true, fromIDToken: true, profilePaths: profilePaths{"sub", "name|preferred_username", "email", "picture", "email_verified"},
	},
	"paypal": {
		id: "paypal", authorize: "https://www.sandbox.paypal.com/signin/authorize", token: "https://api-m.sandbox.paypal.com/v1/oauth2/token",
		userInfo: "https://api-m.sandbox.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1", basic: true,
		profilePaths: profilePaths{"user_id", "name", "email|emails.0.value", "picture", "email_verified|verified"},
	},
	"polar": {
		id: "polar", authorize: "https://polar.sh/oauth2/authorize", token: "https://api.polar.sh/v1/oauth2/token", userInfo: "https://api.polar.sh/v1/oauth2/userinfo",
		scope: "openid profile email", profilePaths: profilePaths{"id|sub", "public_name|username|name", "email", "avatar_url|picture", "email_verified"},
	},
	"railway": {
		id: "railway", authorize: "https://backboard.railway.com/oauth/auth", token: "https://backboard.railway.com/oauth/token", userInfo: "https://backboard.railway.com/oauth/me",
		scope: "openid email profile", basic: true, profilePaths: profilePaths{"sub", "name", "email", "picture", ""},
	},
	"reddit": {
		id: "reddit", authorize: "https://www.reddit.com/api/v1/authorize", token: "https://www.reddit.com/api/v1/access_token", userInfo: "https://oauth.reddit.com/api/v1/me",
		scope: "identity", noPKCE: true, basic: true, placeholder: "reddit.invalid", profilePaths: profilePaths{"id", "name", "", "icon_img", ""},
	},
	"roblox": {
		id: "roblox", authorize: "https://apis.roblox.com/oauth/v1/authorize", token: "https://apis.roblox.com/oauth/v1/token", userInfo: "https://apis.roblox.com/oauth/v1/userinfo",
		scope: "openid profile", prompt: "select_account consent", noPKCE: true, placeholder: "roblox.invalid", profilePaths: profilePaths{"sub", "nickname|preferred_username", "", "picture", ""},
	},
	"salesforce": {
		id: "salesforce", authorize: "https://{loginUrl|login.salesforce.com}/services/oauth2/authorize", token: "https://{loginUrl|login.salesforce.com}/services/oauth2/token",
		userInfo: "https://{loginUrl|login.salesforce.com}/services/oauth2/userinfo", scope: "openid email profile",
		profilePaths: profilePaths{"user_id", "name", "email", "photos.picture|photos.thumbnail", "email_verified"},
	},
	"slack": {
		id: "slack", authorize: "https://slack.com/openid/connect/authorize", token: "https://slack.com/api/openid.connect.token", userInfo: "https://slack.com/api/openid.connect.userInfo",
		scope: "openid profile email", requestFirst: true, noPKCE: true, profilePaths: profilePaths{`https://slack\.com/user_id|sub`, "name", "email", `picture|https://slack\.com/user_image_512`, "email_verified"},
	},
	"spotify": {
		id: "spotify", authorize: "https://accounts.spotify.com/authorize", token: "https://accounts.spotify.com/api/token", userInfo: "https://api.spotify.com/v1/me",
		scope: "user-read-email", profilePaths: profilePaths{"id", "display_name", "email", "images.0.url", ""},
	},
	"tiktok": {
		id: "tiktok", authorize: "https://www.tiktok.com/v2/auth/authorize", token: "https://open.tiktokapis.com/v2/oauth/token/",
		userInfo: "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_large_url,display_name,username",
		scope:    "user.info.profile", separator: ",", noPKCE: true, clientName: "client_key", placeholder: "tiktok.invalid", profilePaths: profilePaths{"data.user.open_id", "data.user.display_name|data.user.username", "data.user.email", "data.user.avatar_large_url", ""},
	},
	"twitch": {
		id: "twitch", authorize: "https://id.twitch.tv/oauth2/authorize", token: "https://id.twitch.tv/oauth2/token", jwks: "https://id.twitch.tv/oauth2/keys", issuer: "https://id.twitch.tv/oauth2",
		scope: "user:read:email openid", params: "claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%2C%22email_verified%22%3Anull%2C%22preferred_username%22%3Anull%2C%22picture%22%3Anull%7D%7D",
		noPKCE: true, fromIDToken: true, profilePaths: profilePaths{"sub", "preferred_username", "email", "picture", "email_verified"},
	},
	"twitter": {
		id: "twitter", authorize: "https://x.com/i/oauth2/authorize", token: "https://api.x.com/2/oauth2/token", userInfo: "https://api.x.com/2/users/me?user.fields=profile_image_url,confirmed_email",
		scope: "users.read tweet.read offline.access users.email", basic: true, profilePaths: profilePaths{"data.id", "data.name", "data.confirmed_email", "data.profile_image_url", "data.confirmed_email"},
	},
	"vercel": {
		id: "vercel", authorize: "https://vercel.com/oauth/authorize", token: "https://api.vercel.com/login/oauth/token", userInfo: "https://api.vercel.com/login/oauth/userinfo",
		omitScope: true, noRefresh: true, profilePaths: profilePaths{"sub", "name|preferred_username", "email", "picture", "email_verified"},
	},
	"vk": {
		id: "vk", authorize: "https://id.vk.com/authorize", token: "https://id.vk.com/oauth2/auth", userInfo: "https://id.vk.com/oauth2/user_info",
		scope: "email phone", profilePaths: profilePaths{"user.user_id", "user.first_name", "user.email", "user.avatar", ""},
	},
	"wechat": {
		id: "wechat", authorize: "https://open.weixin.qq.com/connect/qrconnect", token: "https://api.weixin.qq.com/sns/oauth2/access_token", userInfo: "https://api.weixin.qq.com/sns/userinfo?lang=zh_CN",
		scope: "snsapi_login", clientName: "appid", secretName: "secret", fragment: "#wechat_redirect", separator: ",", noPKCE: true, noRefresh: true, placeholder: "wechat.invalid", profilePaths: profilePaths{"unionid|openid", "nickname", "email", "headimgurl", ""},
	},
	"yandex": {
		id: "yandex", helper: true, authorize: "https://oauth.yandex.com/authorize", token: "https://oauth.yandex.com/token", userInfo: "https://login.yandex.ru/info?format=json",
		scope: "login:info login:email login:avatar", profilePaths: profilePaths{"id", "display_name|real_name|first_name|login", "default_email|emails.0", "", ""},
	},
	"zoom": {
		id: "zoom", authorize: "https://zoom.us/oauth/authorize", token: "https://zoom.us/oauth/token", userInfo: "https://api.zoom.us/v2/users/me",
		omitScope: true, profilePaths: profilePaths{"id", "display_name", "email", "pic_url", "verified"},
	},
}
