// Package testpeople makes the ten published synthetic people of Digdir's wallet sandbox into MinID accounts, for
// development and demonstration. Passwords and TOTP secrets are random and new in each database; nothing here signs
// anybody in. It owns the list of people and how their credentials look; accounts stand in minid.
package testpeople
