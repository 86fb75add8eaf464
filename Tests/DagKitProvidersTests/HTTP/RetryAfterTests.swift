import DagKitProviders
import FoundationEssentials
import Testing

@Suite struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT.
    private let instant = Date(timeIntervalSince1970: 784_111_777)

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func `the three forms of a date are read`(text: String) {
        #expect(HTTPDate.parse(text) == instant)
    }

    @Test(arguments: [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
        ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Fri, 31 Dec 1999 23:59:59 GMT", 946_684_799),
    ])
    func `leap days are counted`(text: String, seconds: Double) {
        #expect(HTTPDate.parse(text)?.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: [
        "", "tomorrow", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "1.5", "-1", "+1", "١",
    ])
    func `what is neither form is none`(text: String) {
        #expect(RetryAfter(text) == nil)
    }

    @Test func `seconds are a delay`() {
        #expect(RetryAfter("120")?.delay(from: instant) == .seconds(120))
    }

    @Test(arguments: ["901", "99999999999999999999", "Sun, 06 Nov 2094 08:49:37 GMT"])
    func `a long wait is capped`(text: String) {
        #expect(RetryAfter(text)?.delay(from: instant) == .seconds(900))
    }

    @Test func `a date that is past is no wait`() {
        #expect(RetryAfter("Sun, 06 Nov 1994 08:49:36 GMT")?.delay(from: instant) == .zero)
    }

    @Test func `a date ahead is the time until then`() {
        #expect(RetryAfter("Sun, 06 Nov 1994 08:50:37 GMT")?.delay(from: instant) == .seconds(60))
    }
}
