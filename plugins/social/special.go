package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// What single providers need beyond their preset.

// personalMicrosoft is the tenant of personal accounts.
const personalMicrosoft = "9188040d-6c67-4c5b-b112-36a304b66dad"

// profileRequest is the request for the profile.
func (p *provider) profileRequest(t tokens) (url string, o sdk.HTTPRequestOptions) {
	url, o.Auth.Bearer = p.userInfo, t.access
	access, client := t.access.String(), sdk.F("client_id", sdk.String(p.clientID))
	switch p.preset.id {
	case "dropbox":
		o.Method = "POST"
	case "linear":
		o.Method, o.JSON = "POST", sdk.JSON(`{"query":"query { viewer { id name email avatarUrl active createdAt updatedAt } }"}`)
	case "notion":
		o.Headers = []sdk.Field{sdk.F("notion-version", sdk.String("2022-06-28"))}
	case "line":
		o = sdk.HTTPRequestOptions{Method: "POST", Form: []sdk.Field{sdk.F("id_token", t.id), client}}
	case "vk":
		o = sdk.HTTPRequestOptions{Method: "POST", Form: []sdk.Field{sdk.F("access_token", t.access), client}}
	case "yandex":
		o = sdk.HTTPRequestOptions{Headers: []sdk.Field{sdk.F("authorization", sdk.String("OAuth "+access))}}
	case "hubspot":
		url, o = url+sdk.EncodeURIComponent(access), sdk.HTTPRequestOptions{}
	case "wechat":
		url, o = sdk.SetQuery(sdk.SetQuery(url, "access_token", access), "openid", t.openID), sdk.HTTPRequestOptions{}
	}
	return url, o
}

// complete adds to a profile what takes another step, and reports whether the
// profile is good.
func (p *provider) complete(info sdk.Value, t tokens) (sdk.Value, bool) {
	switch p.preset.id {
	case "github":
		return p.withGitHubEmail(info, t), true
	case "gitlab":
		return info, info.Get("state").String() == "active" && !info.Get("locked").IsTrue()
	case "naver":
		return info, info.Get("resultcode").String() == "00"
	case "gumroad":
		return info, info.Get("success").IsTrue()
	case "kakao":
		if !info.At("kakao_account.is_email_valid").IsTrue() {
			info = info.With("kakao_account.is_email_verified", sdk.Bool(false))
		}
	case "vk":
		info = withFullName(info, "user.")
	case "cloudflare":
		return withFullName(info, "result."), info.Get("success").IsTrue()
	case "line":
		return info, info.Get("aud").String() == p.clientID
	case "discord":
		info = withDiscordAvatar(info)
	}
	return info, true
}

// withFullName puts the last name behind the first one.
func withFullName(info sdk.Value, at string) sdk.Value {
	last := info.At(at + "last_name").String()
	if last == "" {
		return info
	}
	return info.With(at+"first_name", sdk.String(strings.TrimSpace(info.At(at+"first_name").String()+" "+last)))
}

// withGitHubEmail takes the address, and whether it is verified, from the list
// of the user's addresses.
func (p *provider) withGitHubEmail(info sdk.Value, t tokens) sdk.Value {
	info = info.With("email_verified", sdk.Bool(false))
	answer, err := p.c.HTTP().Request(p.userInfo+"/emails", sdk.HTTPRequestOptions{Auth: sdk.HTTPAuth{Bearer: t.access}, Answer: answerJSON})
	if err != nil || answer.Status != 200 {
		return info // the scope may be missing; the profile may have an address
	}
	public := info.Get("email").String()
	for item := range answer.Body.Items() {
		email := item.Get("email").String()
		if email == "" {
			break
		}
		if email == public || public == "" && item.Get("primary").IsTrue() {
			return info.With("email", sdk.String(email)).With("email_verified", sdk.Bool(item.Get("verified").IsTrue()))
		}
	}
	return info
}

func withDiscordAvatar(info sdk.Value) sdk.Value {
	id, avatar := info.Get("id").String(), info.Get("avatar").String()
	if avatar == "" {
		return info
	}
	format := ".png"
	if strings.HasPrefix(avatar, "a_") {
		format = ".gif"
	}
	return info.With("image_url", sdk.String("https://cdn.discordapp.com/avatars/"+id+"/"+avatar+format))
}

// withAppleName takes the name from what Apple says beside the id token.
func withAppleName(info, apple sdk.Value) sdk.Value {
	first, last := apple.At("name.firstName").String(), apple.At("name.lastName").String()
	if first == "" || !info.Get("name").IsAbsent() {
		return info
	}
	return info.With("name", sdk.String(strings.TrimSpace(first+" "+last)))
}

// admits reports whether the user's organisation is one that the settings let
// in.
func (p *provider) admits(info sdk.Value) bool {
	switch p.preset.id {
	case "google":
		domain := info.Get("hd").String()
		return p.Hd() == "" || domain != "" && (p.Hd() == "*" || p.Hd() == domain)
	case "microsoft":
		tid := info.Get("tid").String()
		return (p.TenantID() != "organizations" || tid != "" && tid != personalMicrosoft) && (p.TenantID() != "consumers" || tid == personalMicrosoft)
	}
	return true
}
