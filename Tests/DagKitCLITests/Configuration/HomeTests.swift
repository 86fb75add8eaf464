import DagKitCLI
import Testing

@Suite struct HomeTests {
    private func home(
        flag: String? = nil, _ environment: [String: String] = [:], files: Set<String> = [],
        foreign: Set<String> = [], in folder: String = "/a/b"
    ) -> Home {
        let view = FileView(
            workingFolder: folder, user: 1000,
            owner: { files.contains($0) ? (foreign.contains($0) ? 7 : 1000) : nil },
            readText: { _ in nil })
        return Home.find(
            flag: flag, environment: ["HOME": "/users/ada"].merging(environment) { $1 }, files: view)
    }

    @Test func `the flag goes before the environment, that before the project, that before the user`() {
        let both = ["DAGKIT_HOME": "/d", "AIRFLOW_HOME": "~/airflow"]
        let bag: Set = ["/a/dags.json"]

        #expect(home(flag: "../x", both, files: bag).path == "/a/x")
        #expect(home(both, files: bag).path == "/d")
        #expect(home(["AIRFLOW_HOME": "~/airflow"], files: bag).path == "/users/ada/airflow")
        #expect(home(files: bag).path == "/a/.dagkit")
        #expect(home(files: bag).bag == "/a/dags.json")
        #expect(home().path == "/users/ada/.local/share/dagkit")
        #expect(home(["XDG_DATA_HOME": "/data"]).path == "/data/dagkit")
        #expect(home().bag == nil)
    }

    @Test func `a bag beside or in the home is found from anywhere`() {
        #expect(
            home(["DAGKIT_HOME": "/srv/flow/.dagkit"], files: ["/srv/flow/dags.json"]).bag
                == "/srv/flow/dags.json")
        #expect(
            home(["DAGKIT_HOME": "/srv/flow"], files: ["/srv/flow/dags.json"]).bag == "/srv/flow/dags.json")
    }

    @Test func `a bag that another user may have planted is left alone`() {
        let found = home(files: ["/a/b/dags.json", "/a/dags.json"], foreign: ["/a/b/dags.json"])

        #expect(found.bag == "/a/dags.json")
        #expect(found.refusedBag == "/a/b/dags.json")
    }
}
