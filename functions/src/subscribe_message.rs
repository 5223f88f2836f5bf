//! Messages that a user has asked for in the mini program.
//!
//! 用户在小程序中订阅的消息。

mod add_template;
mod delete_template;
mod get_category;
mod get_pub_template_key_words_by_id;
mod get_pub_template_title_list;
mod get_template_list;
mod library;
mod send;
mod templates;

pub use add_template::AddTemplate;
pub use delete_template::DeleteTemplate;
pub use get_category::GetCategory;
pub use get_pub_template_key_words_by_id::GetPubTemplateKeyWordsById;
pub use get_pub_template_title_list::GetPubTemplateTitleList;
pub use get_template_list::GetTemplateList;
pub use send::SendMessage;
