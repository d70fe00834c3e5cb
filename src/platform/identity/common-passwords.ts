/**
 * Passwords that guessers try first, of those that are long enough to be allowed: the heads of the lists that circulate, in lower case.
 * Short, because the lock-out leaves room for few guesses: what stands further down such a list is not reached.
 */

export const commonPasswords: ReadonlySet<string> = new Set(
  `!qaz2wsx 00000000 0123456789 11111111 11223344 1122334455 12121212 123123123 123321123 12341234 123454321 12345678 123456789
  1234567890 12345678910 123456aa 123456ab 123456abc 12345qwert 1234abcd 1234qwer 123abc123 123qwe123 123qweasd 12qwaszx 147258369
  159753456 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 55555555 66666666 741852963 77777777 789456123
  87654321 88888888 987654321 9876543210 99999999 a1234567 a12345678 a123456789 a1b2c3d4 a1b2c3d4e5 aa123456 aa12345678 abc12345
  abc123456 abcd1234 abcd12345 abcdefgh abcdefghi admin123 admin1234 adminadmin administrator alejandra alejandro alexander
  alexandra amazon123 america1 american andrew12 android1 angel123 anthony1 arsenal1 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl
  ashley12 asshole1 australia autumn2024 azerty123 azertyui azertyuiop babygirl babygirl1 badass69 barcelona baseball baseball1
  basketball batman123 beautiful benjamin blessed1 blink182 brooklyn bulldogs bullshit butterfly california canada123 cassandra
  changeme changeme1 changeme123 charlie1 charlotte cheese123 chelsea1 chocolate christian christine computer computer1 contrasena
  contraseña corvette cowboys1 daddysgirl daniel12 december default1 docker123 dolphins doudou123 dragon12 dragon123 drowssap
  eagles12 elizabeth england1 facebook facebook1 familyfirst february fernando ferrari1 ficken123 football football1 forever1
  fortnite fortnite1 freedom1 friday13 friends1 friendship fuckoff1 fuckyou! fuckyou1 fuckyou2 gabrielle george12 germany1 giants12
  godisgood google123 greenday guadalupe guest123 hallo123 hallohallo heavenly hockey12 honeybee hongkong hunter12 hurricane
  iloveme1 iloveyou iloveyou! iloveyou1 iloveyou123 iloveyou2 instagram internet iphone12 january1 jennifer jessica1 jesus123
  jesuschrist jonathan jordan23 joseph12 juventus katherine killer123 lakers24 letmein! letmein1 letmein123 lightning linkedin
  liverpool liverpool1 login123 lovelove loveyou1 mackenzie manchester master123 masterkey matrix123 matthew1 maverick mercedes
  metallica michael1 michelle microsoft midnight minecraft minecraft1 mommy123 monday123 monkey12 monkey123 motdepasse mountain
  mustang1 mypassword mysql123 naruto123 nathaniel netflix1 newpassword nicholas1 nicole12 nintendo nirvana1 nopassword november
  october1 oldpassword oracle123 p4ssw0rd p@ssw0rd p@ssword pa55word packers1 panthers pass1234 pass12345 pass123456 passcode
  passpass passpass1 passw0rd passw0rd1 password password! password01 password1 password1! password11 password12 password123
  password1234 password2 password2023 password2024 password2025 password21 password3 password69 password7 password9 password99
  passwort passwort1 patriots phoenix1 playstation pokemon1 pokemon123 porsche1 postgres precious princess princess1 q1234567
  q1w2e3r4 q1w2e3r4t5 qazwsx123 qazwsxedc quarterdeck quarterdeck1 qweasdzxc qweqweqwe qwer1234 qwert12345 qwerty12 qwerty123
  qwerty1234 qwerty12345 qwertyui qwertyuio qwertyuiop rainbow1 realmadrid redsox04 robert12 rockstar rockyou1 root1234 rootroot
  samantha samsung1 schatz123 scorpion scotland sebastian secret12 secret123 september shadow12 shadow123 singapore skateboard
  slipknot1 snowboard softball spiderman spring2024 spring2025 stargate startrek starwars starwars1 steelers stephanie summer12
  summer123 summer2020 summer2023 summer2024 summer2025 sunshine sunshine1 superman superman1 supersecret superstar superuser
  sweetheart swimming temp1234 temporary temppass test1234 testing1 testing123 testtest thepassword thomas12 thunder1 tigger12
  toor1234 topsecret trustno1 twitter1 ubuntu123 valentina victoria volleyball wachtwoord welcome1 welcome1! welcome12 welcome123
  whatever whatever1 wildcats william1 windows1 windows10 winter123 winter2023 winter2024 winter2025 yankees1 yourpassword youtube1
  zaq!2wsx zaq12wsx zaq1zaq1 zxcvbnm, zxcvbnm1 zxcvbnm123 zxczxczxc`.split(/\s+/),
);
