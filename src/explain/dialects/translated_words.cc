// Words of systems that do not speak English: Windows and .NET, the C library's errors and
// Exchange's bounces in German, French, Spanish, Italian, Dutch, Portuguese and Polish. Letters
// beyond ASCII keep their case, so phrases avoid them where one may stand at the start of a word.
#include "explain/dialects/vocabularies.h"

namespace postern::explain {
namespace {

constexpr Recogniser kWords[] = {
    // the certificate, and no more is said (.NET: "invalid according to the validation procedure")
    {"laut validierungsverfahren", Fact::verification_failed},
    {"selon la procédure de validation", Fact::verification_failed},
    {"según el procedimiento de validación", Fact::verification_failed},
    {"dalla procedura di convalida", Fact::verification_failed},
    {"volgens de validatieprocedure", Fact::verification_failed},
    {"de acordo com o procedimento de validação", Fact::verification_failed},
    {"serverzertifikat", Fact::verification_failed, "fehlgeschlagen|ungültig|nicht überprüf"},
    {"zertifikat", Fact::verification_failed,
     "überprüfung fehlgeschlagen|konnte nicht überprüft|"
     "ist ungültig|nicht verifiziert"},
    {"pas pu être vérifi", Fact::verification_failed, "certificat"},
    {"n'est pas valide", Fact::verification_failed, "certificat"},
    {"échec de la vérification", Fact::verification_failed, "certificat"},
    {"vérification a échoué", Fact::verification_failed, "certificat"},
    {"certificado", Fact::verification_failed,
     "no se pudo verificar|no se ha podido verificar|no es válido|não é válido|inválido"},
    {"certificato", Fact::verification_failed, "impossibile verificare|non è valido"},
    {"certificaat", Fact::verification_failed, "niet worden geverifieerd|ongeldig"},
    // dates
    {"zertifikat", Fact::expired, "abgelaufen|nicht mehr gültig", "nicht abgelaufen"},
    {"serverzertifikat", Fact::expired, "abgelaufen|nicht mehr gültig", "nicht abgelaufen"},
    {"expiré", Fact::expired, "certificat", "pas expiré"},
    {"périmé", Fact::expired, "certificat"},
    {"n'est plus valide", Fact::expired, "certificat"},
    {"certificado", Fact::expired, "caducado|ha expirado|expirou|vencido|caducó"},
    {"certificato", Fact::expired, "scaduto"},
    {"certificaat", Fact::expired, "verlopen"},
    {"certyfikat", Fact::expired, "wygas"},
    {"zertifikat", Fact::not_yet_valid, "noch nicht gültig"},
    {"pas encore valide", Fact::not_yet_valid, "certificat"},
    {"certificado", Fact::not_yet_valid,
     "aún no es válido|todavía no es válido|ainda não é válido"},
    // trust
    {"nicht vertrauenswürdig", Fact::untrusted, "zertifi|aussteller|stamm"},
    {"zertifikat", Fact::self_signed, "selbstsigniert|selbst signiert|selbst ausgestellt",
     "erstell|neues"},
    {"auto signé", Fact::self_signed, "certificat"},
    {"autosigné", Fact::self_signed, "certificat"},
    {"certificado", Fact::self_signed, "autofirmado|auto firmado|autoassinado"},
    {"certificato", Fact::self_signed, "autofirmato"},
    {"qui n'est pas approuvée", Fact::untrusted},
    {"pas approuvé", Fact::untrusted, "certificat|autorité|racine"},
    {"en la que no se confía", Fact::untrusted},
    {"no es de confianza", Fact::untrusted, "certificado|entidad|raíz"},
    {"non è attendibile", Fact::untrusted, "certificat|autorità"},
    {"niet vertrouwd", Fact::untrusted, "certifica"},
    // names
    {"zielprinzipalname ist falsch", Fact::name_mismatch},
    {"nom principal de la cible", Fact::name_mismatch, "incorrect"},
    {"nombre principal de destino", Fact::name_mismatch, "incorrecto"},
    {"zertifikat", Fact::name_mismatch,
     "stimmt nicht|nicht überein|passt nicht zum|passt nicht zu dem|falscher name|anderen namen",
     "schlüssel|fingerabdruck"},
    {"ne correspond", Fact::name_mismatch, "certificat", "clé privée"},
    {"certificado", Fact::name_mismatch, "no coincide|não corresponde|não coincide",
     "clave privada|chave privada"},
    {"certificato", Fact::name_mismatch, "non corrisponde", "chiave privata"},
    {"certificaat", Fact::name_mismatch, "komt niet overeen", "sleutel"},
    // versions and ciphers (SEC_E_ALGORITHM_MISMATCH says both)
    {"gemeinsamen algorithmus", Fact::version_mismatch},
    {"algorithme commun", Fact::version_mismatch},
    {"algoritmo común", Fact::version_mismatch},
    {"algoritmo comune", Fact::version_mismatch},
    // the handshake
    {"schwerwiegende warnung", Fact::handshake_failed, "tls|ssl", "code: 4|code: 7"},
    {"verschlüsselte verbindung", Fact::handshake_failed,
     "fehlgeschlagen|nicht hergestellt|konnte keine|nicht aufgebaut"},
    {"connexion sécurisée", Fact::handshake_failed, "échou|impossible|n'a pas pu"},
    {"conexión segura", Fact::handshake_failed, "no se pudo|no se ha podido|error|falló"},
    {"connessione protetta", Fact::handshake_failed, "impossibile|non riuscit"},
    // connections: Winsock's and the C library's words
    {"zielcomputer die verbindung verweigerte", Fact::refused},
    {"verbindungsaufbau abgelehnt", Fact::refused},
    {"verbindung verweigert", Fact::refused},
    {"l'a expressément refusée", Fact::refused},
    {"connexion refusée", Fact::refused},
    {"denegó expresamente", Fact::refused},
    {"conexión rehusada", Fact::refused},
    {"conexão recusada", Fact::refused},
    {"connessione rifiutata", Fact::refused},
    {"verbinding is geweigerd", Fact::refused},
    {"gegenstelle nach einer bestimmten zeitspanne nicht", Fact::timed_out},
    {"zeitüberschreitung", Fact::timed_out,
     "verbindung zu|verbindungsaufbau|wartezeit für die verb"},
    {"wartezeit für die verbindung", Fact::timed_out},
    {"parti connecté n'a pas répondu convenablement", Fact::timed_out},
    {"connexion terminée par expiration", Fact::timed_out},
    {"la parte conectada no respondió", Fact::timed_out},
    {"expiró el tiempo de conexión", Fact::timed_out},
    {"connessione scaduta", Fact::timed_out},
    {"keine route zum zielrechner", Fact::unreachable},
    {"aucun chemin d'accès pour atteindre", Fact::unreachable},
    // names of hosts
    {"name oder dienst nicht bekannt", Fact::dns_failed},
    {"name oder der dienst ist nicht bekannt", Fact::dns_failed},
    {"der angegebene host ist unbekannt", Fact::dns_failed},
    {"nom ou service inconnu", Fact::dns_failed},
    {"hôte inconnu", Fact::dns_failed},
    {"nombre o servicio desconocido", Fact::dns_failed},
    {"host desconocido", Fact::dns_failed},
    {"nome o servizio sconosciuto", Fact::dns_failed},
    // other layers
    {"postfach", Fact::not_tls, "voll|nicht verfügbar|existiert nicht|überschritten"},
    {"boîte aux lettres", Fact::not_tls, "pleine|inexistante|introuvable|n'existe pas"},
    {"boîte de réception", Fact::not_tls, "pleine"},
    {"buzón", Fact::not_tls, "lleno|no existe|no disponible"},
    {"casella", Fact::not_tls, "piena|inesistente"},
    {"postvak", Fact::not_tls, "vol|bestaat niet"},
    {"caixa de correio", Fact::not_tls, "cheia|não existe"},
    {"e mail adresse", Fact::not_tls, "nicht gefunden|existiert nicht"},
    {"adresse de messagerie", Fact::not_tls, "introuvable|n'existe pas|pas pu être trouv"},
    {"dirección de correo electrónico", Fact::not_tls, "no se encontró|no existe"},
    {"authentifizierung fehlgeschlagen", Fact::not_tls},
    {"anmeldung fehlgeschlagen", Fact::not_tls},
    {"échec de l'authentification", Fact::not_tls},
    {"error de autenticación", Fact::not_tls},
    {"serverzertifikat", Fact::tls_named},
    {"remotezertifikat", Fact::tls_named},
    {"clientzertifikat", Fact::tls_named},
    {"stammzertifikat", Fact::tls_named},
    {"certificaat", Fact::tls_named},
    {"certificato", Fact::tls_named},
    {"certyfikat", Fact::tls_named},
    {"verschlüssel", Fact::tls_named},
    {"chiffrement", Fact::tls_named},
};

}  // namespace

std::span<const Recogniser> translated_words() {
  return kWords;
}

}  // namespace postern::explain
