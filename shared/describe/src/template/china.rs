//! The template for AWS China: no function URLs, no X-Ray, and a domain of its own is a must.
//!
//! AWS: [Lambda in the China Regions][doc]
//!
//! [doc]: https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html

use std::io;

/// The template of the China Regions.
pub(crate) const PATH: &str = "template.cn.yaml";

/// The marks around what there is elsewhere only.
const MARKS: (&str, &str) = ("# begin not in China\n", "# end not in China\n");

/// What reads otherwise in China, and how; every text is there at least once.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "AWSTemplateFormatVersion",
        "# Written from template.yaml by `cargo run --bin generate`: AWS China (Beijing and Ningxia).\nAWSTemplateFormatVersion",
    ),
    ("ApiCertificateArn, EdgeOnly, ", "ApiCertificateArn, "),
    (", Tracing]", "]"),
    (
        "覆盖所有接口的域名，小程序必须登记。为空则只有函数 URL。",
        "覆盖所有接口的域名，小程序必须登记，且须已备案。",
    ),
    (
        "该域名的证书，在本区域的 ACM 中。仅在有 ApiDomainName 时读取。",
        "该域名的证书，在本区域的 ACM 中。",
    ),
    (
        r#"which mini programs must register. Empty means function URLs
      only.
    Default: ""
    AllowedPattern: '^([a-z0-9-]+(\.[a-z0-9-]+)+)?$'"#,
        r"which mini programs must register. It needs an ICP record.
    AllowedPattern: '^[a-z0-9-]+(\.[a-z0-9-]+)+$'",
    ),
    (
        "Certificate for that domain, in ACM and in this Region. Only read with ApiDomainName.
    Default: arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000
    AllowedPattern: '^arn:aws[a-z-]*:acm:",
        "Certificate for that domain, in ACM and in this Region.
    AllowedPattern: '^arn:aws-cn:acm:",
    ),
    ("    Default: arm64\n", "    Default: x86_64\n"),
    ("    Condition: HasDomain\n", ""),
    ("https://console.${AWS::URLSuffix}/", "https://console.amazonaws.cn/"),
];

/// The template for China, from the text of the other.
///
/// # Errors
/// A mark or a text is not there.
pub(crate) fn template(text: &str) -> io::Result<String> {
    let missing = |what: &str| io::Error::other(format!("the template has no `{what}`"));
    let (begin, end) = MARKS;
    let mut china = String::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(begin) {
        china.push_str(before.trim_end_matches(' '));
        rest = marked.split_once(end).ok_or_else(|| missing(end))?.1;
    }
    china.push_str(rest);
    for (elsewhere, here) in OTHERWISE {
        if !china.contains(elsewhere) {
            return Err(missing(elsewhere));
        }
        china = china.replace(elsewhere, here);
    }
    Ok(china)
}
