//! The values of one class in one record, for whoever was let at them.

use domain::{
    permission::Permit,
    personal::{Personal, PersonalClass},
    world::StreamKey,
};
use serde_json::Value;
use sqlx::Row as _;

use crate::{Ledger, LedgerError, feed::decode};

/// A value of a class, where it stands in its record's history.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassValue {
    /// Its event's place in the record's history, from 1.
    pub sequence: u64,
    /// The event's type.
    pub event_type: String,
    /// Where in the event, as a JSON pointer.
    pub path: String,
    /// The value.
    pub value: Value,
}

impl Ledger {
    /// Opens the permit's own tenant's copies of every value of a class in those events of a record
    /// that the tenant sees. Each comes with the sealed value it was, to be noted as read.
    ///
    /// # Errors
    /// When the database or the keys cannot be reached, or a value was changed.
    pub async fn open_class(
        &self,
        permit: &Permit,
        of: StreamKey,
        class: PersonalClass,
    ) -> Result<Vec<(ClassValue, Personal<Value>)>, LedgerError> {
        let mut transaction = self.0.as_tenant(permit.actor().tenant).await?;
        let rows = sqlx::query(
            "SELECT sequence, event_type, payload::text
               FROM ledger.event
              WHERE aggregate_type = $1 AND aggregate_id = $2
              ORDER BY sequence",
        )
        .bind(of.kind)
        .bind(of.id.to_string())
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let mut opened = vec![];
        for row in rows {
            let payload: Value = serde_json::from_str(row.try_get(2)?).map_err(decode)?;
            let mut sealed = vec![];
            find(&payload, String::new(), class, &mut sealed);
            for (path, personal) in sealed {
                if let Some(value) = self.open_copy(permit.actor().tenant, &personal).await? {
                    let value = ClassValue {
                        sequence: row.try_get::<i64, _>(0)?.unsigned_abs(),
                        event_type: row.try_get(1)?,
                        path,
                        value,
                    };
                    opened.push((value, personal));
                }
            }
        }
        Ok(opened)
    }
}

/// The sealed values of a class, each with its JSON pointer.
fn find(
    node: &Value,
    path: String,
    wanted: PersonalClass,
    found: &mut Vec<(String, Personal<Value>)>,
) {
    match node {
        Value::Object(fields) if fields.contains_key("$sealed") => {
            if let Ok(personal) = serde_json::from_value(node.clone())
                && matches!(&personal, Personal::Sealed { class, .. } if *class == wanted)
            {
                found.push((path, personal));
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                find(value, format!("{path}/{name}"), wanted, found);
            }
        }
        Value::Array(values) => {
            for (nth, value) in values.iter().enumerate() {
                find(value, format!("{path}/{nth}"), wanted, found);
            }
        }
        _ => {}
    }
}
