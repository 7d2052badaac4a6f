// Package source says what is true of a person: the facts that credentials are made of. Which facts go into which
// credential is decided by the credential type (package credentials), and who may have one by package issuance.
//
//	fact                                      value
//	given_name, family_name                   text
//	personal_administrative_number            text, 11 digits
//	birth_date                                Date
//	place_of_birth                            map: country, region, locality
//	nationalities                             list of ISO 3166-1 alpha-2 codes
//	postal_address                            list of lines, without the name
//	address                                   map: formatted, street_address, postal_code, locality, country
//	resident_address, resident_street,
//	resident_postal_code, resident_city,
//	resident_country                          text: the same, one by one
//	age_over_NN                               bool, counted from the birth date on the day it is asked
//	school_role, school_name, school_number,
//	school_owner_name, school_owner_number,
//	school_type                               text, only of people who attend a school
//	licence_number, licence_issue_date,
//	licence_expiry_date, driving_privileges,
//	portrait                                  text, Date, Date, list of maps, Image: only of people with a driving licence
//	diploma_programme, diploma_school,
//	diploma_date, general_study_competence    text, text, Date, bool: what upper secondary school was completed with; found in
//	                                          an archive, which takes a while
//	facts.NAME                                what a File says
//
// Some facts cannot be had at once. Facts.Takes tells how long after they were first asked for they are there, or it is known that
// there are none.
//
// The register that is built in holds synthetic people. The numbers and names of ten are published for testing by the
// national wallet sandbox; everything else, and the people beside them, are invented.
package source
