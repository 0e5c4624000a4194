//! Qianfan's `bce-auth-v1`: published vectors, and what the official Python signer makes of 240 requests.

use crate::support::golden;
use rerank_wasm::json::Json;
use rerank_wasm::remote::qianfan::signature::{Signed, authorization, encode};

const RERANK: &str = "/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base";
/// 2024-01-02T03:04:05Z
const TIME_MS: f64 = 1_704_164_645_000.0;

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Signed header names and signature of an `Authorization`.
fn ends(authorization: &str) -> (&str, &str) {
    let mut parts = authorization.rsplit('/');
    let signature = parts.next().expect("a signature");
    (parts.next().expect("names"), signature)
}

#[test]
fn the_published_vectors_are_met() {
    let sign = |method, path, query: &[(&str, &str)], headers: &[(&str, &str)]| {
        let (query, headers) = (owned(query), owned(headers));
        let signed = Signed { method, path, query: &query, headers: &headers };
        authorization(&signed, "my_ak", "my_sk", 1_402_639_056_000.0, 1800)
    };
    let query = [("A", ""), ("b", ""), ("C", "d")];
    let first = sign("PUT", "/v1/bucket/object1", &query, &[("Host", "bce.baidu.com"), ("x-bce-meta-key1", "ABC")]);
    assert_eq!(
        first,
        "bce-auth-v1/my_ak/2014-06-13T05:57:36Z/1800/host;x-bce-meta-key1/80c9672aca2ea9af4bb40b9a8ff458d72df94e97d550840727f3a929af271d25"
    );
    let headers = [("Content-Type", "application/json; charset=utf-8"), ("Content-Length", "0")];
    let second = sign("DELETE", "/v1/test-bucket1361199862", &[], &headers);
    let signature = "c9386b15d585960ae5e6972f73ed92a9a682dc81025480ba5b41206d3e489822";
    assert_eq!(ends(&second), ("content-length;content-type", signature));
}

#[test]
fn the_rerank_vectors_are_met() {
    let sign = |headers: &[(&str, &str)]| {
        let signed = Signed { method: "POST", path: RERANK, query: &[], headers: &owned(headers) };
        authorization(&signed, "AKTEST", "SKTEST", TIME_MS, 1800)
    };
    let (host, date) = (("host", "aip.baidubce.com"), ("x-bce-date", "2024-01-02T03:04:05Z"));
    let signature = "5e72667ee113e89b28924c54016595abcf851b47b40e1773d98a2cadb4286b30";
    assert_eq!(ends(&sign(&[host, date])), ("host;x-bce-date", signature));
    // An empty header is no part of it, and order none either.
    assert_eq!(ends(&sign(&[date, ("x-bce-empty", " "), host])), ("host;x-bce-date", signature));
    let signature = "34113c3d1b929f431a0a284683d4e4867e85929c507ada4a58e017855c3b4b4f";
    let json = ("content-type", "application/json");
    assert_eq!(ends(&sign(&[json, host, date])), ("content-type;host;x-bce-date", signature));
    let (query, headers) =
        (owned(&[("expireInSeconds", "3600"), ("q", "测试 a/b+c~")]), owned(&[("host", "iam.bj.baidubce.com")]));
    let signed = Signed { method: "GET", path: "/v1/BCE-BEARER/token", query: &query, headers: &headers };
    let signature = "bccc5d448ed583ee95dcf054dfdca66fbe3888439e1978c8aaf45dfcfa7409bd";
    assert_eq!(ends(&authorization(&signed, "AKTEST", "SKTEST", TIME_MS, 300)).1, signature);
}

#[test]
fn the_encoder_vector_is_met() {
    let encoded = "%21%27%28%29%2Athis%20is%20an%20example%20for%20%E6%B5%8B%E8%AF%95";
    assert_eq!(encode("!'()*this is an example for 测试", false), encoded);
    assert_eq!((encode("a/b:c", false).as_str(), encode("a/b:c", true).as_str()), ("a%2Fb%3Ac", "a/b%3Ac"));
}

#[test]
fn the_official_signer_signs_the_same() {
    let cases = golden("qianfan/signatures.json");
    let cases = cases.elements().expect("an array");
    assert!(cases.len() >= 200, "{} cases", cases.len());
    for case in cases {
        let string = |name: &str| case.get(name).and_then(Json::as_str).expect(name);
        let number = |name: &str| case.get(name).and_then(Json::as_number).expect(name);
        let pairs = |name: &str| -> Vec<(String, String)> {
            let pair = |pair: &Json| {
                let [a, b] = pair.elements().expect("a pair") else { panic!("a pair") };
                (a.as_str().expect("a name").to_owned(), b.as_str().expect("a value").to_owned())
            };
            case.get(name).and_then(Json::elements).expect(name).iter().map(pair).collect()
        };
        let (query, headers) = (pairs("query"), pairs("headers"));
        let signed = Signed { method: string("method"), path: string("path"), query: &query, headers: &headers };
        let found = authorization(
            &signed,
            string("keyId"),
            string("secret"),
            number("time") * 1000.0,
            number("goodFor") as u32,
        );
        assert_eq!(found, string("authorization"), "{case:?}");
    }
}
