//! Time zones by the names that exports use: IANA (`Europe/London`), Rails (`Eastern Time (US & Canada)`) and Windows
//! (`GMT Standard Time`).

use jiff::tz::TimeZone;

/// The zone of a name, whatever its case. A prefix such as `(GMT-05:00)` does not count.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    let mut name = name.trim();
    if let Some((offset, rest)) = name.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        && (offset.starts_with("GMT") || offset.starts_with("UTC"))
    {
        name = rest.trim();
    }
    let place = [RAILS, WINDOWS].into_iter().flat_map(str::lines).find_map(|line| {
        let (known, place) = line.split_once('=')?;
        known.eq_ignore_ascii_case(name).then_some(place)
    });
    TimeZone::get(place.unwrap_or(name)).ok()
}

/// Ruby on Rails, `ActiveSupport::TimeZone::MAPPING`.
const RAILS: &str = "\
International Date Line West=Etc/GMT+12
Midway Island=Pacific/Midway
American Samoa=Pacific/Pago_Pago
Hawaii=Pacific/Honolulu
Alaska=America/Juneau
Pacific Time (US & Canada)=America/Los_Angeles
Tijuana=America/Tijuana
Mountain Time (US & Canada)=America/Denver
Arizona=America/Phoenix
Chihuahua=America/Chihuahua
Mazatlan=America/Mazatlan
Central Time (US & Canada)=America/Chicago
Saskatchewan=America/Regina
Guadalajara=America/Mexico_City
Mexico City=America/Mexico_City
Monterrey=America/Monterrey
Central America=America/Guatemala
Eastern Time (US & Canada)=America/New_York
Indiana (East)=America/Indiana/Indianapolis
Bogota=America/Bogota
Lima=America/Lima
Quito=America/Lima
Atlantic Time (Canada)=America/Halifax
Caracas=America/Caracas
La Paz=America/La_Paz
Santiago=America/Santiago
Asuncion=America/Asuncion
Newfoundland=America/St_Johns
Brasilia=America/Sao_Paulo
Buenos Aires=America/Argentina/Buenos_Aires
Montevideo=America/Montevideo
Georgetown=America/Guyana
Puerto Rico=America/Puerto_Rico
Greenland=America/Nuuk
Mid-Atlantic=Atlantic/South_Georgia
Azores=Atlantic/Azores
Cape Verde Is.=Atlantic/Cape_Verde
Dublin=Europe/Dublin
Edinburgh=Europe/London
Lisbon=Europe/Lisbon
London=Europe/London
Casablanca=Africa/Casablanca
Monrovia=Africa/Monrovia
UTC=Etc/UTC
Belgrade=Europe/Belgrade
Bratislava=Europe/Bratislava
Budapest=Europe/Budapest
Ljubljana=Europe/Ljubljana
Prague=Europe/Prague
Sarajevo=Europe/Sarajevo
Skopje=Europe/Skopje
Warsaw=Europe/Warsaw
Zagreb=Europe/Zagreb
Brussels=Europe/Brussels
Copenhagen=Europe/Copenhagen
Madrid=Europe/Madrid
Paris=Europe/Paris
Amsterdam=Europe/Amsterdam
Berlin=Europe/Berlin
Bern=Europe/Zurich
Zurich=Europe/Zurich
Rome=Europe/Rome
Stockholm=Europe/Stockholm
Vienna=Europe/Vienna
West Central Africa=Africa/Algiers
Bucharest=Europe/Bucharest
Cairo=Africa/Cairo
Helsinki=Europe/Helsinki
Kyiv=Europe/Kiev
Riga=Europe/Riga
Sofia=Europe/Sofia
Tallinn=Europe/Tallinn
Vilnius=Europe/Vilnius
Athens=Europe/Athens
Istanbul=Europe/Istanbul
Minsk=Europe/Minsk
Jerusalem=Asia/Jerusalem
Harare=Africa/Harare
Pretoria=Africa/Johannesburg
Kaliningrad=Europe/Kaliningrad
Moscow=Europe/Moscow
St. Petersburg=Europe/Moscow
Volgograd=Europe/Volgograd
Samara=Europe/Samara
Kuwait=Asia/Kuwait
Riyadh=Asia/Riyadh
Nairobi=Africa/Nairobi
Baghdad=Asia/Baghdad
Tehran=Asia/Tehran
Abu Dhabi=Asia/Muscat
Muscat=Asia/Muscat
Baku=Asia/Baku
Tbilisi=Asia/Tbilisi
Yerevan=Asia/Yerevan
Kabul=Asia/Kabul
Ekaterinburg=Asia/Yekaterinburg
Islamabad=Asia/Karachi
Karachi=Asia/Karachi
Tashkent=Asia/Tashkent
Chennai=Asia/Kolkata
Kolkata=Asia/Kolkata
Mumbai=Asia/Kolkata
New Delhi=Asia/Kolkata
Kathmandu=Asia/Kathmandu
Dhaka=Asia/Dhaka
Sri Jayawardenepura=Asia/Colombo
Almaty=Asia/Almaty
Astana=Asia/Almaty
Novosibirsk=Asia/Novosibirsk
Rangoon=Asia/Rangoon
Bangkok=Asia/Bangkok
Hanoi=Asia/Bangkok
Jakarta=Asia/Jakarta
Krasnoyarsk=Asia/Krasnoyarsk
Beijing=Asia/Shanghai
Chongqing=Asia/Chongqing
Hong Kong=Asia/Hong_Kong
Urumqi=Asia/Urumqi
Kuala Lumpur=Asia/Kuala_Lumpur
Singapore=Asia/Singapore
Taipei=Asia/Taipei
Perth=Australia/Perth
Irkutsk=Asia/Irkutsk
Ulaanbaatar=Asia/Ulaanbaatar
Seoul=Asia/Seoul
Osaka=Asia/Tokyo
Sapporo=Asia/Tokyo
Tokyo=Asia/Tokyo
Yakutsk=Asia/Yakutsk
Darwin=Australia/Darwin
Adelaide=Australia/Adelaide
Canberra=Australia/Canberra
Melbourne=Australia/Melbourne
Sydney=Australia/Sydney
Brisbane=Australia/Brisbane
Hobart=Australia/Hobart
Vladivostok=Asia/Vladivostok
Guam=Pacific/Guam
Port Moresby=Pacific/Port_Moresby
Magadan=Asia/Magadan
Srednekolymsk=Asia/Srednekolymsk
Solomon Is.=Pacific/Guadalcanal
New Caledonia=Pacific/Noumea
Fiji=Pacific/Fiji
Kamchatka=Asia/Kamchatka
Marshall Is.=Pacific/Majuro
Auckland=Pacific/Auckland
Wellington=Pacific/Auckland
Nuku'alofa=Pacific/Tongatapu
Tokelau Is.=Pacific/Fakaofo
Chatham Is.=Pacific/Chatham
Samoa=Pacific/Apia";

/// Windows, by the table `windowsZones` of CLDR, territory 001.
const WINDOWS: &str = "\
Dateline Standard Time=Etc/GMT+12
UTC-11=Etc/GMT+11
Aleutian Standard Time=America/Adak
Hawaiian Standard Time=Pacific/Honolulu
Marquesas Standard Time=Pacific/Marquesas
Alaskan Standard Time=America/Anchorage
UTC-09=Etc/GMT+9
Pacific Standard Time (Mexico)=America/Tijuana
UTC-08=Etc/GMT+8
Pacific Standard Time=America/Los_Angeles
US Mountain Standard Time=America/Phoenix
Mountain Standard Time (Mexico)=America/Mazatlan
Mountain Standard Time=America/Denver
Yukon Standard Time=America/Whitehorse
Central America Standard Time=America/Guatemala
Central Standard Time=America/Chicago
Easter Island Standard Time=Pacific/Easter
Central Standard Time (Mexico)=America/Mexico_City
Canada Central Standard Time=America/Regina
SA Pacific Standard Time=America/Bogota
Eastern Standard Time (Mexico)=America/Cancun
Eastern Standard Time=America/New_York
Haiti Standard Time=America/Port-au-Prince
Cuba Standard Time=America/Havana
US Eastern Standard Time=America/Indiana/Indianapolis
Turks And Caicos Standard Time=America/Grand_Turk
Paraguay Standard Time=America/Asuncion
Atlantic Standard Time=America/Halifax
Venezuela Standard Time=America/Caracas
Central Brazilian Standard Time=America/Cuiaba
SA Western Standard Time=America/La_Paz
Pacific SA Standard Time=America/Santiago
Newfoundland Standard Time=America/St_Johns
Tocantins Standard Time=America/Araguaina
E. South America Standard Time=America/Sao_Paulo
SA Eastern Standard Time=America/Cayenne
Argentina Standard Time=America/Argentina/Buenos_Aires
Greenland Standard Time=America/Nuuk
Montevideo Standard Time=America/Montevideo
Magallanes Standard Time=America/Punta_Arenas
Saint Pierre Standard Time=America/Miquelon
Bahia Standard Time=America/Bahia
UTC-02=Etc/GMT+2
Azores Standard Time=Atlantic/Azores
Cape Verde Standard Time=Atlantic/Cape_Verde
Coordinated Universal Time=Etc/UTC
GMT Standard Time=Europe/London
Greenwich Standard Time=Atlantic/Reykjavik
Sao Tome Standard Time=Africa/Sao_Tome
Morocco Standard Time=Africa/Casablanca
W. Europe Standard Time=Europe/Berlin
Central Europe Standard Time=Europe/Budapest
Romance Standard Time=Europe/Paris
Central European Standard Time=Europe/Warsaw
W. Central Africa Standard Time=Africa/Lagos
Jordan Standard Time=Asia/Amman
GTB Standard Time=Europe/Bucharest
Middle East Standard Time=Asia/Beirut
Egypt Standard Time=Africa/Cairo
E. Europe Standard Time=Europe/Chisinau
Syria Standard Time=Asia/Damascus
West Bank Standard Time=Asia/Hebron
South Africa Standard Time=Africa/Johannesburg
FLE Standard Time=Europe/Kiev
Israel Standard Time=Asia/Jerusalem
South Sudan Standard Time=Africa/Juba
Kaliningrad Standard Time=Europe/Kaliningrad
Sudan Standard Time=Africa/Khartoum
Libya Standard Time=Africa/Tripoli
Namibia Standard Time=Africa/Windhoek
Arabic Standard Time=Asia/Baghdad
Turkey Standard Time=Europe/Istanbul
Arab Standard Time=Asia/Riyadh
Belarus Standard Time=Europe/Minsk
Russian Standard Time=Europe/Moscow
E. Africa Standard Time=Africa/Nairobi
Iran Standard Time=Asia/Tehran
Arabian Standard Time=Asia/Dubai
Astrakhan Standard Time=Europe/Astrakhan
Azerbaijan Standard Time=Asia/Baku
Russia Time Zone 3=Europe/Samara
Mauritius Standard Time=Indian/Mauritius
Saratov Standard Time=Europe/Saratov
Georgian Standard Time=Asia/Tbilisi
Volgograd Standard Time=Europe/Volgograd
Caucasus Standard Time=Asia/Yerevan
Afghanistan Standard Time=Asia/Kabul
West Asia Standard Time=Asia/Tashkent
Ekaterinburg Standard Time=Asia/Yekaterinburg
Pakistan Standard Time=Asia/Karachi
Qyzylorda Standard Time=Asia/Qyzylorda
India Standard Time=Asia/Kolkata
Sri Lanka Standard Time=Asia/Colombo
Nepal Standard Time=Asia/Kathmandu
Central Asia Standard Time=Asia/Bishkek
Bangladesh Standard Time=Asia/Dhaka
Omsk Standard Time=Asia/Omsk
Myanmar Standard Time=Asia/Rangoon
SE Asia Standard Time=Asia/Bangkok
Altai Standard Time=Asia/Barnaul
W. Mongolia Standard Time=Asia/Hovd
North Asia Standard Time=Asia/Krasnoyarsk
N. Central Asia Standard Time=Asia/Novosibirsk
Tomsk Standard Time=Asia/Tomsk
China Standard Time=Asia/Shanghai
North Asia East Standard Time=Asia/Irkutsk
Singapore Standard Time=Asia/Singapore
W. Australia Standard Time=Australia/Perth
Taipei Standard Time=Asia/Taipei
Ulaanbaatar Standard Time=Asia/Ulaanbaatar
Aus Central W. Standard Time=Australia/Eucla
Transbaikal Standard Time=Asia/Chita
Tokyo Standard Time=Asia/Tokyo
North Korea Standard Time=Asia/Pyongyang
Korea Standard Time=Asia/Seoul
Yakutsk Standard Time=Asia/Yakutsk
Cen. Australia Standard Time=Australia/Adelaide
AUS Central Standard Time=Australia/Darwin
E. Australia Standard Time=Australia/Brisbane
AUS Eastern Standard Time=Australia/Sydney
West Pacific Standard Time=Pacific/Port_Moresby
Tasmania Standard Time=Australia/Hobart
Vladivostok Standard Time=Asia/Vladivostok
Lord Howe Standard Time=Australia/Lord_Howe
Bougainville Standard Time=Pacific/Bougainville
Russia Time Zone 10=Asia/Srednekolymsk
Magadan Standard Time=Asia/Magadan
Norfolk Standard Time=Pacific/Norfolk
Sakhalin Standard Time=Asia/Sakhalin
Central Pacific Standard Time=Pacific/Guadalcanal
Russia Time Zone 11=Asia/Kamchatka
New Zealand Standard Time=Pacific/Auckland
UTC+12=Etc/GMT-12
Fiji Standard Time=Pacific/Fiji
Chatham Islands Standard Time=Pacific/Chatham
UTC+13=Etc/GMT-13
Tonga Standard Time=Pacific/Tongatapu
Samoa Standard Time=Pacific/Apia
Line Islands Standard Time=Pacific/Kiritimati";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_both_tables_leads_to_a_zone() {
        let mut names = 0;
        for line in [RAILS, WINDOWS].into_iter().flat_map(str::lines) {
            let (name, place) = line.split_once('=').expect("a name and a place");
            assert!(TimeZone::get(place).is_ok() && zone(name).is_some(), "{line}");
            names += 1;
        }
        assert!(names > 280, "{names}");
    }

    #[test]
    fn a_zone_has_many_names() {
        let name = |text: &str| zone(text).and_then(|zone| zone.iana_name().map(str::to_owned));
        for (text, place) in [
            ("Europe/London", "Europe/London"),
            ("GMT Standard Time", "Europe/London"),
            ("Eastern Time (US & Canada)", "America/New_York"),
            ("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York"),
            ("eastern standard time", "America/New_York"),
        ] {
            assert_eq!(name(text).as_deref(), Some(place), "{text}");
        }
        assert!(zone("Middle Earth").is_none() && zone("").is_none());
    }
}
