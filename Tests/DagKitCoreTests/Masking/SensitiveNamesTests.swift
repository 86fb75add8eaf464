import DagKitCore
import Testing

@Suite struct SensitiveNamesTests {
    @Test(arguments: [
        "password", " DB_PASSWORD ", "COINCAP_API_KEY", "slack_token", "aws_secret_access_key",
        "keyfile_dict", "key",
        "Authorization", "sentry_dsn", "my.credentials", "PIN", "session-cookie", "pg_pwd",
    ])
    func `a name with a sensitive word is sensitive`(name: String) {
        #expect(SensitiveNames.standard.contains(name))
    }

    @Test(arguments: ["host", "monkey", "keyboard", "compass", "spinner", "coincap_url", "", "author"])
    func `other names are not`(name: String) {
        #expect(!SensitiveNames.standard.contains(name))
    }

    @Test func `a deployment adds names of its own`() {
        let names = SensitiveNames(extra: [" Salary ", ""])

        #expect(names.contains("base_salary_eur") && !names.contains("host"))
    }
}
