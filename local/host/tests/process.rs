//! The program itself: what `cargo run` takes from its environment and its flags.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
};

/// The program with nothing of ours in its environment, on free ports.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_local"));
    program.args(["--listen", "127.0.0.1:0"]).env_clear();
    program.stdout(Stdio::null()).stderr(Stdio::piped());
    program
}

struct Running {
    process: Child,
    /// Held open: it says more than its address.
    told: BufReader<ChildStderr>,
}

impl Running {
    /// Starts it; its front door's address.
    fn start(mut program: Command) -> (Running, String) {
        let mut process = program.spawn().unwrap();
        let told = BufReader::new(process.stderr.take().unwrap());
        let mut running = Running { process, told };
        let address = running.address("console");
        (running, address)
    }

    /// The address that it tells of something, in the order that it tells them.
    fn address(&mut self, of: &str) -> String {
        let address = self.lines().find_map(|line| {
            Some(line.trim().strip_prefix(of)?.trim().strip_prefix("http://")?.to_owned())
        });
        address.unwrap().split(['/', ' ']).next().unwrap().to_owned()
    }

    fn lines(&mut self) -> impl Iterator<Item = String> {
        self.told.by_ref().lines().map_while(Result::ok)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn status(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn settings_of_its_environment_reach_the_functions() {
    let mut program = program();
    program.env("JSSDK_ALLOWED_HOSTS", "team.example");
    let (_running, address) = Running::start(program);
    let page = |host: &str| status(&address, &format!("/jssdk/config?url=https%3A%2F%2F{host}%2F"));
    assert_eq!((page("team.example"), page("example.com")), ("200".into(), "403".into()));
}

#[test]
fn what_the_readme_has_to_log_a_user_in_is_printed_and_works() {
    let (mut running, front_door) = Running::start(program());
    let wechat = running.address("WeChat");
    let printed = running.lines().take_while(|line| !line.starts_with("Ctrl-C"));
    let commands: Vec<String> = printed
        .filter_map(|line| Some(line.strip_prefix("  ")?.to_owned()))
        .filter(|line| ["code=", "session=", "curl "].iter().any(|first| line.starts_with(first)))
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    let script = commands.join("\n");
    let usual = script.replace(&front_door, "127.0.0.1:9000").replace(&wechat, "127.0.0.1:9001");
    assert!(include_str!("../../../README.md").contains(&usual), "{usual}");

    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no curl to run the README's commands with");
        return;
    }
    let directory = env::temp_dir().join(format!("readme-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let ran = Command::new("sh").args(["-c", &script]).current_dir(&directory).status().unwrap();
    let code = fs::read(directory.join("code.jpg")).unwrap();
    assert!(ran.success() && code.starts_with(&[0xff, 0xd8]), "{}", String::from_utf8_lossy(&code));
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn an_app_without_a_secret_is_named_as_that() {
    let apps = r#"[{"appid":"wx01","kind":"mini_program"}]"#;
    let file = env::temp_dir().join(format!("apps-{}.json", std::process::id()));
    fs::write(&file, apps).unwrap();
    let mut flagged = program();
    flagged.arg("--apps").arg(&file);
    let mut given = program();
    given.env("WECHAT_APPS", apps);
    for mut program in [flagged, given] {
        let output = program.output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(complaint.contains("app 0 (wx01) without a secret"), "{complaint}");
    }
    fs::remove_file(&file).unwrap();
}
