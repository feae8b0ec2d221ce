package main

import (
	"strings"

	"github.com/authhost/authhost/sdk"
)

// What single providers need beyond their preset.

// personalMicrosoft is the tenant of personal accounts.
const personalMicrosoft = "9188040d-6c67-4c5b-b112-36a304b66dad"

// prepare changes the request for the profile.
func (p *provider) prepare(r *sdk.HTTPRequest, token string) {
	c := p.c
	switch p.preset.id {
	case "dropbox":
		r.Method = "POST"
	case "linear":
		r.Method, r.JSON = "POST", sdk.JSON(`{"query":"query { viewer { id name email avatarUrl active createdAt updatedAt } }"}`)
	case "line":
		r.Method, r.Bearer = "POST", sdk.Value{}
		r.Form = []sdk.Field{sdk.F("id_token", sdk.Copy("scratch.tokens.id_token")), sdk.F("client_id", sdk.String(p.clientID()))}
	case "vk":
		r.Method, r.Bearer = "POST", sdk.Value{}
		r.Form = []sdk.Field{sdk.F("access_token", sdk.Copy(token)), sdk.F("client_id", sdk.String(p.clientID()))}
	case "notion":
		r.Headers = append(r.Headers, sdk.F("notion-version", sdk.String("2022-06-28")))
	case "yandex", "hubspot", "wechat":
		// These take the token elsewhere than in a bearer header.
		access := c.Get(token).String()
		r.Bearer = sdk.Value{}
		switch p.preset.id {
		case "yandex":
			r.Headers = append(r.Headers, sdk.F("authorization", sdk.String("OAuth "+access)))
		case "hubspot":
			r.URL += sdk.EncodeURIComponent(access)
		case "wechat":
			r.URL = sdk.SetQuery(sdk.SetQuery(r.URL, "access_token", access), "openid", c.Kept("tokens.openid").String())
		}
	}
}

// complete adds to a profile what takes another step.
func (p *provider) complete(token string) bool {
	c := p.c
	switch p.preset.id {
	case "github":
		return p.githubEmail(token)
	case "gitlab":
		return c.Kept("profile.state").String() == "active" && !c.Kept("profile.locked").IsTrue()
	case "naver":
		return c.Kept("profile.resultcode").String() == "00"
	case "gumroad":
		return c.Kept("profile.success").IsTrue()
	case "kakao":
		if !c.Kept("profile.kakao_account.is_email_valid").IsTrue() {
			c.Keep("profile.kakao_account.is_email_verified", sdk.Bool(false))
		}
	case "vk":
		p.joinNames("profile.user.")
	case "cloudflare":
		p.joinNames("profile.result.")
		return c.Kept("profile.success").IsTrue()
	case "line":
		return c.Kept("profile.aud").String() == p.clientID()
	case "discord":
		p.discordAvatar()
	}
	return true
}

// joinNames puts the last name behind the first one.
func (p *provider) joinNames(at string) {
	c := p.c
	if last := c.Get("scratch." + at + "last_name").String(); last != "" {
		c.Keep(at+"first_name", sdk.String(strings.TrimSpace(c.Get("scratch."+at+"first_name").String()+" "+last)))
	}
}

// githubEmail takes the address, and whether it is verified, from the list of
// the user's addresses.
func (p *provider) githubEmail(token string) bool {
	c := p.c
	url := p.userInfo + "/emails"
	c.Keep("profile.email_verified", sdk.Bool(false))
	if status := c.HTTP().Do(sdk.HTTPRequest{URL: url, Bearer: sdk.Copy(token)}); status != sdk.OK || c.Result("status").Int(0) != 200 {
		return true // the scope may be missing; the profile may have an address
	}
	public := c.Kept("profile.email").String()
	for i := int64(0); ; i++ {
		at := "body." + sdk.Int(i).Text()
		email := c.Result(at + ".email").String()
		if email == "" {
			return true
		}
		if email == public || public == "" && c.Result(at+".primary").IsTrue() {
			c.Keep("profile.email", sdk.String(email))
			c.Keep("profile.email_verified", sdk.Bool(c.Result(at+".verified").IsTrue()))
			return true
		}
	}
}

func (p *provider) discordAvatar() {
	c := p.c
	id, avatar := c.Kept("profile.id").String(), c.Kept("profile.avatar").String()
	if avatar == "" {
		return
	}
	format := ".png"
	if strings.HasPrefix(avatar, "a_") {
		format = ".gif"
	}
	c.Keep("profile.image_url", sdk.String("https://cdn.discordapp.com/avatars/"+id+"/"+avatar+format))
}

// admits reports whether the user's organisation is one that the settings let
// in.
func (p *provider) admits() bool {
	c := p.c
	switch p.preset.id {
	case "google":
		hd, domain := p.text("hd", ""), c.Kept("profile.hd").String()
		return hd == "" || domain != "" && (hd == "*" || hd == domain)
	case "microsoft":
		tid := c.Kept("profile.tid").String()
		switch p.text("tenantId", "common") {
		case "organizations":
			return tid != "" && tid != personalMicrosoft
		case "consumers":
			return tid == personalMicrosoft
		}
	case "apple":
		if first := c.Kept("appleUser.name.firstName").String(); c.Kept("profile.name").IsAbsent() && first != "" {
			c.Keep("profile.name", sdk.String(strings.TrimSpace(first+" "+c.Kept("appleUser.name.lastName").String())))
		}
	}
	return true
}
