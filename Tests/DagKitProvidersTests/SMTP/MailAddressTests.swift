import DagKitProviders
import Testing

@Suite struct MailAddressTests {
    @Test(arguments: [
        ("a@example.org", nil, "a@example.org"), (" <a@example.org> ", nil, "a@example.org"),
        ("Data Team <team@example.org>", "Data Team", "team@example.org"),
        (#""Team, \"Data\"" <team@example.org>"#, #"Team, "Data""#, "team@example.org"),
        ("Équipe <e@example.org>", "Équipe", "e@example.org"),
    ])
    func `an address is read with or without a name`(text: String, name: String?, mailbox: String) throws {
        let address = try MailAddress(text)

        #expect(address.name == name)
        #expect(address.mailbox == mailbox)
    }

    @Test(arguments: [
        "", "a", "@example.org", "a@", "a@b@c", "a b@example.org", "é@example.org",
        "a@example.org\r\nRCPT TO:<x@y>",
        "a@example.org>", "N\r\nBcc: x <a@example.org>", "<a@example.org", "a;b@example.org",
    ])
    func `what is no address is refused`(text: String) {
        #expect(throws: MailError.self) { try MailAddress(text) }
    }

    @Test func `a list is parted by commas and semicolons outside of quotes`() throws {
        let list = try MailAddress.list(#"a@x.org; "Doe, Jane" <b@x.org>,, c@x.org"#)

        #expect(list.map(\.mailbox) == ["a@x.org", "b@x.org", "c@x.org"])
        #expect(list[1].name == "Doe, Jane")
    }
}
