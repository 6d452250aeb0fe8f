package auth

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dealflow/internal/id"
)

// viewerOf reads the claims of a token that has been checked.
func viewerOf(claims jwt.MapClaims) (Viewer, error) {
	subject := text(claims, "sub")
	if subject == "" {
		return Viewer{}, refuse("the token has no sub claim; its issuer must name the user there", nil)
	}
	organization, err := id.Organization.Decode(text(claims, "org"))
	if err != nil {
		return Viewer{}, refuse("the token's org claim is not an organization's id (org_ and 26 characters)", err)
	}
	role := Role(text(claims, "role"))
	if !role.Valid() {
		return Viewer{}, refuse("Invalid Role: the token's role claim must be VIEWER, SALES, ADMIN or PARTNER", nil)
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return Viewer{}, explain(err)
	}
	return Viewer{
		OrganizationID: organization,
		Subject:        subject,
		Name:           text(claims, "name"),
		Email:          text(claims, "email"),
		Role:           role,
		Permissions:    role.Permissions() | permissionsIn(claims),
		ExpiresAt:      expires.Add(Leeway).UTC(),
	}, nil
}

// text is a claim's text; "" when it is absent or something else.
func text(claims jwt.MapClaims, name string) string {
	s, _ := claims[name].(string)
	return s
}

// permissionsIn is the set that the permissions claim lists.
func permissionsIn(claims jwt.MapClaims) Permissions {
	list, _ := claims["permissions"].([]any)
	var set Permissions
	for _, item := range list {
		if name, ok := item.(string); ok {
			set |= PermissionsOf(Permission(name))
		}
	}
	return set
}

// Sign makes a token for v that is good for ttl from now, and that a Verifier of
// the same Config accepts. It needs c.Secret; of v it needs Subject,
// OrganizationID and Role, and ignores UserID and ExpiresAt.
func Sign(c Config, v Viewer, ttl time.Duration) (string, error) {
	c = c.withDefaults()
	switch {
	case len(c.Secret) < MinSecret:
		return "", errors.New("auth: signing a token needs a secret of at least 32 bytes")
	case v.Subject == "":
		return "", errors.New("auth: a token needs a subject")
	case !v.Role.Valid():
		return "", errors.New("auth: a token's role must be VIEWER, SALES, ADMIN or PARTNER")
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claimsOf(c, v, ttl)).SignedString(c.Secret)
}

// claimsOf is what a token for v says.
func claimsOf(c Config, v Viewer, ttl time.Duration) jwt.MapClaims {
	now := c.Now()
	claims := jwt.MapClaims{
		"sub":  v.Subject,
		"org":  id.Organization.Encode(v.OrganizationID),
		"role": v.Role,
		"iat":  now.Unix(),
		"exp":  now.Add(ttl).Unix(),
	}
	set := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	set("name", v.Name)
	set("email", v.Email)
	set("iss", c.Issuer)
	set("aud", c.Audience)
	if extra := v.Permissions &^ v.Role.Permissions(); extra != 0 {
		claims["permissions"] = extra.List()
	}
	return claims
}
