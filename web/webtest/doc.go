// Package webtest looks at pages with a real browser: Chromium over its debugging protocol, axe-core for what a machine can
// find of universal design, and pictures for people. Tests of the services use it for their pages; nothing else does.
//
//	b := webtest.Browser(t)              // skips, or fails where CI is set, when there is no Chromium or no axe-core
//	b.Use(t, server.URL, jar)            // the cookies that a test's own client got to the page with
//	b.Axe(t, server.URL+"/login")        // no violations, no overflow, no small targets, nothing refused by the CSP
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m, "login")) } // fails when a page of templates/login_* had no Axe
//	b.Picture(t, server.URL+"/login", "login_password")
//
// Picture looks at each of Views: narrow and wide, light and dark. Pictures go to the folder that the variable PICTURES names;
// without one nobody wants them, and none is taken. Axe sees each width and each scheme once, and all Views with PICTURES.
package webtest
