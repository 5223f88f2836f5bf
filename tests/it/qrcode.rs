//! Codes that bring followers.

use serde_json::{Value, json};

use crate::Bundle;

#[tokio::test]
async fn a_code_is_made_for_a_time_or_for_good() {
    let bundle = Bundle::start().await;
    let make = async |expire: Option<u64>, name: &str, scene: Value| {
        let mut input = json!({ "action_name": name, "action_info": { "scene": scene } });
        if let Some(seconds) = expire {
            input["expire_seconds"] = seconds.into();
        }
        bundle.invoke("qrcode-create", input).await
    };

    let code =
        make(Some(604_800), "QR_STR_SCENE", json!({ "scene_str": "shop-42" })).await.unwrap();
    assert_eq!(code["expire_seconds"], 604_800);
    let picture = code["picture"].as_str().unwrap();
    assert!(
        picture.starts_with("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ"),
        "{picture}"
    );
    assert!(picture.ends_with("%3D%3D"), "{picture}");
    let code = make(None, "QR_LIMIT_SCENE", json!({ "scene_id": 7 })).await.unwrap();
    assert!(code.get("expire_seconds").is_none());

    for (name, scene, field) in [
        ("QR_SCENE", json!({ "scene_str": "a" }), "action_info.scene.scene_id"),
        ("QR_STR_SCENE", json!({ "scene_id": 1 }), "action_info.scene.scene_str"),
        ("QR_LIMIT_SCENE", json!({ "scene_id": 100_001 }), "action_info.scene.scene_id"),
        ("QR_SCENE", json!({ "scene_id": 0 }), "action_info.scene.scene_id"),
        ("QR_OTHER", json!({ "scene_id": 1 }), "action_name"),
    ] {
        assert_eq!(make(None, name, scene).await.unwrap_err()["field"], field, "{name}");
    }
    assert_eq!(
        make(Some(2_592_001), "QR_SCENE", json!({ "scene_id": 1 })).await.unwrap_err()["field"],
        "expire_seconds"
    );
}
