package fnr

var (
	weights1 = [...]int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1}
	weights2 = [...]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}
)

// checksum tests both control digits of eleven digits. The first sum leaves rest 0
// in the numbers of today; numbers allocated from 2032 may leave 0, 1, 2 or 3, and
// both kinds live side by side. The second sum always leaves 0.
func checksum(s string) bool {
	return rest(s, weights1[:]) <= 3 && rest(s, weights2[:]) == 0
}

// rest is the weighted sum of the leading digits, modulo 11. The control digit itself
// weighs 1.
func rest(s string, weights []int) int {
	sum := 0
	for i, w := range weights {
		sum += w * int(s[i]-'0')
	}
	return sum % 11
}
