// Package school is MinID in schools: a school owner authorises teachers for classes, a teacher vouches for a pupil in the
// room, and the pupil makes the account on their own phone. The basis of proofing is minid.BasisSchool, the evidence the
// enrolment's identifier. Like the core it knows no HTTP and no SQL: pages stand in minid/school/pages, tables in minid/store.
//
//	file            what stands there
//	registry.go     schools, classes, employees and pupils, as an interface
//	file.go         the same from a YAML file; schools.yaml is the built-in one, with synthetic people
//	core.go         Core, its limits, who may act
//	authorise.go    the school owner: who may vouch, what was vouched, revoking both
//	vouch.go        the teacher: classes, pupils, the code for one pupil
//	enrol.go        the pupil: code and number, password and factor, the account
//	enrolment.go    what an enrolment is and the states it goes through
//	store.go        what is asked of the storage
//
//	offered    the teacher has vouched, the code is shown              goes to claimed, cancelled, void; time and tries end it
//	claimed    one phone has given the code and the pupil's number     goes to finished, cancelled, void; time ends it
//	finished   the account was made                                    goes to revoked
//	cancelled  by the teacher, by a newer code, or with the authorisation
//	void       the pupil cannot be enrolled here, such as who has an account
//	revoked    by the school owner: the account is in quarantine
//	refused    the teacher asked for somebody outside the class; kept for who looks into it
//
// # What a teacher sees
//
// The names of the own classes, and who can be enrolled now. That a pupil cannot is all that is told: having a MinID is the
// pupil's own matter, and the reasons (an account, too young, unknown to the population register) would tell it by what is
// left. What the teacher has vouched for is shown as done, since the teacher was there. A pupil's password, codes and contact
// information reach no page of a teacher or an owner.
//
// # What is kept
//
// An enrolment keeps who vouched and whose account was made, by person identifier, and class, school and times; it is kept
// when the account is closed. Numbers are kept as keyed hashes. What the pupil typed on the way is sealed, and deleted when
// the enrolment ends. Enrolments that were never finished are deleted after Limits.Unfinished.
package school
