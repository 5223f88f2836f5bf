//! Settings that only some functions read, each declared by what reads it.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// A setting: read once from the environment, checked at start.
pub trait Setting: Send + Sync + Sized + 'static {
    /// The variable's name.
    const NAME: &'static str;
    /// A valid value, for messages.
    const EXAMPLE: &'static str;
    /// What it sets, in one sentence.
    const ABOUT: &'static str;

    /// Reads the value; `None` if the variable is not set or empty.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the name.
    fn parse(text: Option<&str>) -> Result<Self, String>;
}

/// A setting with its type erased.
#[derive(Clone, Copy)]
pub struct SettingFacts {
    /// [`Setting::NAME`].
    pub name: &'static str,
    /// [`Setting::EXAMPLE`].
    pub example: &'static str,
    /// [`Setting::ABOUT`].
    pub about: &'static str,
    key: fn() -> TypeId,
    parse: fn(Option<&str>) -> Result<Value, String>,
}

type Value = Arc<dyn Any + Send + Sync>;

impl SettingFacts {
    /// Erases a setting.
    pub const fn of<S: Setting>() -> SettingFacts {
        SettingFacts {
            name: S::NAME,
            example: S::EXAMPLE,
            about: S::ABOUT,
            key: TypeId::of::<S>,
            parse: |text| S::parse(text).map(|value| Arc::new(value) as Value),
        }
    }
}

impl fmt::Debug for SettingFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SettingFacts").field(&self.name).finish()
    }
}

/// The values of the settings a function reads.
#[derive(Clone, Default)]
pub struct Values(HashMap<TypeId, Value>);

impl Values {
    /// Reads one; its complaint otherwise.
    pub(crate) fn read(
        &mut self,
        setting: &SettingFacts,
        text: Option<&str>,
    ) -> Result<(), String> {
        let value = (setting.parse)(text)?;
        self.0.insert((setting.key)(), value);
        Ok(())
    }

    /// The value of a setting that the function's capabilities name.
    ///
    /// # Panics
    /// If they do not; [`crate::Config::read`] reads all of them at start.
    pub fn get<S: Setting>(&self) -> &S {
        let value = self.0.get(&TypeId::of::<S>()).and_then(|value| value.downcast_ref());
        value.expect("a capability names every setting it reads")
    }
}

impl fmt::Debug for Values {
    /// Without the values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({})", self.0.len())
    }
}
