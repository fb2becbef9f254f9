//! Records as rows of a table with commas, as query engines write their results (RFC 4180): the first row names the columns.

use super::frame::{Frame, Step, Take};
use super::stream::More;
use crate::error::Error;
use serde_json::{Map, Value};
use std::io::Read;

/// So many rows of something else before any record: it is no log.
const MOST_FOREIGN: u64 = 20;
/// Columns of one table.
const MOST_COLUMNS: usize = 256;

/// One row: cells, and how many bytes it has. A cell without anything is none.
type Row = (Vec<Option<String>>, usize);

impl<R: Read> Frame<'_, '_, R> {
    /// The table that begins here.
    pub(super) fn table(&mut self, take: &mut Take<'_>) -> Result<Step, Error> {
        let names: Vec<String> = match self.cells()? {
            Some(cells) if (2..=MOST_COLUMNS).contains(&cells.len()) => cells.into_iter().flatten().collect(),
            _ => {
                self.outcome.unlike = true;
                return Ok(Step::Stop);
            }
        };
        loop {
            if self.peek()?.is_none() {
                return Ok(Step::Stop);
            }
            if self.outcome.records.is_empty() && self.outcome.foreign >= MOST_FOREIGN {
                self.outcome.unlike = true;
                return Ok(Step::Stop);
            }
            let Some(cells) = self.cells()? else { continue };
            if cells.len() != names.len() {
                self.fault("a row has other columns than the first one");
                continue;
            }
            let members = names.iter().cloned().zip(cells);
            let members: Map<String, Value> =
                members.filter_map(|(name, cell)| Some((name, Value::String(cell?)))).collect();
            self.one(&Value::Object(members).to_string(), take)?;
            self.outcome.framed = true;
        }
    }

    /// The next row; none where it is too long, which is told.
    fn cells(&mut self) -> Result<Option<Vec<Option<String>>>, Error> {
        let mut ended = false;
        loop {
            if let Some((cells, length)) = row(self.source.text(), ended) {
                self.source.advance(length);
                return Ok(Some(cells));
            }
            match self.source.more()? {
                More::Some => {}
                // A quote that nobody closes.
                More::End if ended => {
                    self.cut();
                    let rest = self.source.bytes().len();
                    self.source.advance(rest);
                    return Ok(None);
                }
                More::End => ended = true,
                More::Full => {
                    self.fault("a row is too long");
                    self.next_line()?;
                    return Ok(None);
                }
            }
        }
    }
}

/// The row with which the text begins, unless it goes on behind its end.
fn row(text: &str, ended: bool) -> Option<Row> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let cell;
        (cell, rest) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (cell, behind) = quoted_cell(quoted, ended)?;
                (Some(cell), behind)
            }
            None => {
                let end = rest.find([',', '\n']).or(ended.then_some(rest.len()))?;
                let (cell, behind) = rest.split_at_checked(end)?;
                let cell = cell.strip_suffix('\r').unwrap_or(cell);
                ((!cell.is_empty()).then(|| cell.to_owned()), behind)
            }
        };
        cells.push(cell);
        if let Some(next) = rest.strip_prefix(',') {
            rest = next;
            continue;
        }
        let behind = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
        return Some((cells, text.len() - behind.unwrap_or(rest).len()));
    }
}

/// A cell behind its first quote, and what comes behind its last one.
fn quoted_cell(text: &str, ended: bool) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        cell.push_str(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match rest.chars().next() {
            Some('"') => {
                cell.push('"');
                rest = rest.get(1..)?;
            }
            // What stands between a quote and the next comma belongs to nobody.
            Some(_) => {
                let end = rest.find([',', '\n']).or(ended.then_some(rest.len()))?;
                let end = if rest.get(..end)?.ends_with('\r') { end - 1 } else { end };
                return Some((cell, rest.get(end..)?));
            }
            None if ended => return Some((cell, rest)),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::row;
    use crate::usage::builder::UsageBuilder;

    #[test]
    fn rows_are_cut_where_the_standard_cuts_them() {
        let cells = |text: &str| row(text, true).unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            cells("a,\"b \"\"c\"\",\nd\",,\"\"\r\nnext"),
            (vec![some("a"), some("b \"c\",\nd"), None, some("")], 20)
        );
        assert_eq!(row("\"a\",\"b", false), None);
        assert_eq!(row("\"a\",\"b\"", false), None);
        assert_eq!(cells("\"a\",b").0, [some("a"), some("b")]);
    }

    const HEAD: &str = r#""eventversion","useridentity","eventtime","eventsource","eventname","awsregion","sourceipaddress","errorcode","requestparameters","resources","eventid","recipientaccountid""#;

    fn record(name: &str, id: &str) -> String {
        let identity = "{type=AssumedRole, principalid=AROA:s1, arn=arn:aws:sts::111122223333:assumed-role/job/s1, accountid=111122223333, \
            sessioncontext={attributes={mfaauthenticated=false, creationdate=2026-01-03T09:00:00Z}, sessionissuer={type=Role, \
            principalid=AROA, arn=arn:aws:iam::111122223333:role/job, accountid=111122223333, username=job}}}";
        let parameters = r#"{""queueUrl"":""https://sqs.eu-west-1.amazonaws.com/111122223333/orders""}"#;
        format!(
            "\"1.08\",\"{identity}\",\"2026-01-03T10:00:00Z\",\"sqs.amazonaws.com\",\"{name}\",\"eu-west-1\",\"203.0.113.7\",,\"{parameters}\",\"[{{arn=arn:aws:sqs:eu-west-1:111122223333:orders, accountid=111122223333, type=AWS::SQS::Queue}}]\",\"{id}\",\"111122223333\""
        )
    }

    #[test]
    fn results_of_queries_are_logs() {
        let table = format!(
            "{HEAD}\n{}\n{}\r\n{}",
            record("SetQueueAttributes", "e-1"),
            record("PurgeQueue", "e-2"),
            record("PurgeQueue", "e-2")
        );
        let mut builder = UsageBuilder::new();
        builder.add("results.csv", table.as_bytes()).unwrap();
        let usage = builder.finish();
        let job = "arn:aws:iam::111122223333:role/job";
        let found: Vec<(&str, u64)> =
            usage.of(job).map(|one| (one.permission(), one.used().count())).collect();
        assert_eq!(found, [("sqs:PurgeQueue", 1), ("sqs:SetQueueAttributes", 1)]);
        assert_eq!(
            usage.of(job).next().unwrap().observed().next().unwrap().resource,
            Some("arn:aws:sqs:eu-west-1:111122223333:orders")
        );
        assert_eq!(serde_json::to_value(usage.coverage()).unwrap()["counts"]["duplicates"], 1);
    }

    #[test]
    fn what_is_cut_off_or_no_log_is_told() {
        let whole = format!("{HEAD}\n{}\n{}", record("PurgeQueue", "e-1"), record("PurgeQueue", "e-2"));
        let mut builder = UsageBuilder::new();
        builder.add("cut.csv", whole.get(..whole.len() - 300).unwrap().as_bytes()).unwrap();
        let coverage = serde_json::to_value(builder.finish().coverage()).unwrap();
        assert_eq!(coverage["files"][0]["records"], 1);
        assert!(coverage["files"][0]["errors"][0].as_str().unwrap().starts_with("malformed"), "{coverage}");
        for other in ["name,age\nann,7\n", "just some words, and more\n", "one\ntwo\n"] {
            assert_eq!(
                UsageBuilder::new().add("other.csv", other.as_bytes()).unwrap_err().code(),
                "unrecognised",
                "{other}"
            );
        }
    }
}
